// The secrets that workflows read, by name. Their values go in, and never come out.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { SecretsQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { CopyButton } from '../../kit/CopyButton';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { DeleteSecret } from './DeleteSecret';
import style from './Secrets.module.css';
import { SetSecret } from './SetSecret';

const SECRETS = graphql(`
  query Secrets($first: Int!, $after: String) {
    secrets(first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        createdAt
        updatedAt
        readers(first: 3) {
          nodes {
            workflow {
              id
              name
            }
          }
          pageInfo {
            hasNextPage
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type Secret = SecretsQuery['secrets']['nodes'][number];

const PAGE = 100;

const COLUMNS: readonly Column<Secret>[] = [
  { name: 'Name', cell: (secret) => <code>{secret.name}</code> },
  { name: 'Read as', cell: (secret) => <Reading name={secret.name} />, grows: true },
  { name: 'Read by', cell: (secret) => <ReadBy readers={secret.readers} /> },
  { name: 'Value set', cell: (secret) => <Ago at={secret.updatedAt} /> },
  { name: 'Created', cell: (secret) => <Ago at={secret.createdAt} /> },
];

export function Secrets() {
  const { after } = useSearch({ from: '/secrets' });
  const navigate = useNavigate();
  const may = useMay();
  const { data, failure, again } = useAsk(SECRETS, { first: PAGE, after: after ?? null });
  const [setting, setSetting] = useState<{ readonly name?: string }>();
  const [deleting, setDeleting] = useState<string>();
  const found = data?.secrets;
  const refresh = (): void => again({ requestPolicy: 'network-only' });
  const maySet = may('Mutation.setSecret');
  const mayDelete = may('Mutation.deleteSecret');
  const actions: Column<Secret> = {
    name: 'Actions',
    isUnnamed: true,
    align: 'end',
    cell: ({ name }) => (
      <>
        {maySet && (
          <Button kind="quiet" onClick={() => setSetting({ name })} aria-label={`Replace the value of ${name}`}>
            Replace…
          </Button>
        )}
        {mayDelete && (
          <Button kind="quiet" onClick={() => setDeleting(name)} aria-label={`Delete ${name}`}>
            Delete…
          </Button>
        )}
      </>
    ),
  };
  return (
    <Page
      heading="Secrets"
      note={found && count(found.totalCount)}
      actions={
        maySet && (
          <Button kind="primary" onClick={() => setSetting({})}>
            New secret…
          </Button>
        )
      }
    >
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <Empty title="There is no secret yet">
          A secret is a token or a password that steps send to services as <code>{'{{ secrets.name }}'}</code>. Its value is never shown again.
          <pre>stepgraph secrets set shop_token</pre>
        </Empty>
      ) : (
        <>
          <Table
            label="Secrets"
            columns={maySet || mayDelete ? [...COLUMNS, actions] : COLUMNS}
            items={found.nodes}
            keyOf={(secret) => secret.id}
          />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => void navigate({ to: '/secrets', search: next === undefined ? {} : { after: next } })} />
        </>
      )}
      {setting !== undefined && <SetSecret name={setting.name} onSet={refresh} onClose={() => setSetting(undefined)} />}
      {deleting !== undefined && <DeleteSecret name={deleting} onDeleted={refresh} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}

function Reading({ name }: { readonly name: string }) {
  const text = `{{ secrets.${name} }}`;
  return (
    <span className={style.reading}>
      <code>{text}</code>
      <CopyButton text={text} what={`how steps read ${name}`} />
    </span>
  );
}

/** The first of the workflows that read it; more are in the question before it is deleted. */
function ReadBy({ readers }: { readonly readers: Secret['readers'] }) {
  if (readers.nodes.length === 0) return <span className={style.soft}>nothing</span>;
  return (
    <span className={style.readers}>
      {readers.nodes.map(({ workflow }) => (
        <Link key={workflow.id} to="/workflows/$name" params={{ name: workflow.name }}>
          <bdi>{workflow.name}</bdi>
        </Link>
      ))}
      {readers.pageInfo.hasNextPage && 'and others'}
    </span>
  );
}
