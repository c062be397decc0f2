// The keys of the API: who may do what, when each was last used, a new one, and the end of one.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { KeysQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { useNow } from '../../kit/useNow';
import style from './Keys.module.css';
import { NewKey } from './NewKey';
import { nameOfRole } from './roles';

const KEYS = graphql(`
  query Keys($first: Int!, $after: String) {
    apiKeys(first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        role
        prefix
        createdAt
        expiresAt
        lastUsedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const REVOKE = graphql(`
  mutation RevokeKey($id: ID!) {
    revokeApiKey(id: $id) {
      __typename
      ...Refusal
    }
  }
`);

type Key = KeysQuery['apiKeys']['nodes'][number];

const PAGE = 50;

export function Keys() {
  const { after } = useSearch({ from: '/keys' });
  const navigate = useNavigate();
  const may = useMay();
  const { data, failure, again } = useAsk(KEYS, { first: PAGE, after: after ?? null });
  const [isMaking, setMaking] = useState(false);
  const [ending, setEnding] = useState<Key>();
  const found = data?.apiKeys;
  const refresh = (): void => again({ requestPolicy: 'network-only' });
  const columns = may('Mutation.revokeApiKey') ? [...COLUMNS, revoking(setEnding)] : COLUMNS;
  return (
    <Page
      heading="Keys"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.createApiKey') && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            New key…
          </Button>
        )
      }
    >
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <Empty title="There is no key yet">
          Where the API asks for keys, the first one is put into its database:
          <pre>stepgraph keys create me --role ADMIN --in-database</pre>
        </Empty>
      ) : (
        <>
          <Table label="Keys" columns={columns} items={found.nodes} keyOf={(key) => key.id} />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => void navigate({ to: '/keys', search: next === undefined ? {} : { after: next } })} />
        </>
      )}
      {isMaking && <NewKey onMade={refresh} onClose={() => setMaking(false)} />}
      {ending !== undefined && <Revoke of={ending} onRevoked={refresh} onClose={() => setEnding(undefined)} />}
    </Page>
  );
}

const COLUMNS: readonly Column<Key>[] = [
  { name: 'Name', cell: (key) => <bdi title={key.name}>{key.name}</bdi>, grows: true },
  { name: 'Role', cell: (key) => nameOfRole(key.role) },
  { name: 'Begins with', cell: (key) => <code>{key.prefix}</code> },
  { name: 'Last used', cell: (key) => (key.lastUsedAt === null ? 'never' : <Ago at={key.lastUsedAt} />) },
  { name: 'Expires', cell: (key) => <Expiry of={key} /> },
  { name: 'Made', cell: (key) => <Ago at={key.createdAt} /> },
];

function revoking(onRevoke: (key: Key) => void): Column<Key> {
  return {
    name: 'Actions',
    isUnnamed: true,
    align: 'end',
    cell: (key) => (
      <Button kind="quiet" onClick={() => onRevoke(key)} aria-label={`Revoke ${key.name}`}>
        Revoke…
      </Button>
    ),
  };
}

function Expiry({ of: { expiresAt } }: { readonly of: Key }) {
  const now = useNow();
  if (expiresAt === null) return 'never';
  if (Date.parse(expiresAt) > now) return <Ago at={expiresAt} />;
  return (
    <span className={style.expired}>
      expired <Ago at={expiresAt} />
    </span>
  );
}

function Revoke({ of, onRevoked, onClose }: { readonly of: Key; readonly onRevoked: () => void; readonly onClose: () => void }) {
  const { run, isRunning, failure } = useAct(REVOKE, (data) => data.revokeApiKey);
  async function revoke(): Promise<void> {
    const outcome = await run({ id: of.id });
    if ('failure' in outcome) return;
    onRevoked();
    onClose();
  }
  return (
    <Confirm
      title={`Revoke the key ${of.name}?`}
      action="Revoke it"
      isRunning={isRunning}
      failure={failure}
      onConfirm={() => void revoke()}
      onClose={onClose}
    >
      <p>
        Whoever uses it, <code>{of.prefix}…</code>, is refused within two seconds. It cannot be given back.
      </p>
    </Confirm>
  );
}
