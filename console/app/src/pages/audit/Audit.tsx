// The audit: who asked for which change, when, and how that went; newest first.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { AuditQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { Id } from '../../kit/Id';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { At } from '../../kit/Times';
import style from './Audit.module.css';

const AUDIT = graphql(`
  query Audit($first: Int!, $after: String) {
    auditEntries(first: $first, after: $after) {
      nodes {
        id
        at
        principal
        apiKeyId
        action
        target
        outcome
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type Entry = AuditQuery['auditEntries']['nodes'][number];

const PAGE = 100;

const COLUMNS: readonly Column<Entry>[] = [
  { name: 'When', cell: (entry) => <At at={entry.at} /> },
  { name: 'Who', cell: (entry) => <bdi>{entry.principal}</bdi> },
  { name: 'Key', cell: (entry) => entry.apiKeyId !== null && <Id id={entry.apiKeyId} /> },
  { name: 'Asked for', cell: (entry) => <code>{entry.action}</code> },
  { name: 'Of', cell: (entry) => <Target target={entry.target} />, grows: true },
  { name: 'Outcome', cell: (entry) => <Outcome outcome={entry.outcome} /> },
];

export function Audit() {
  const { after } = useSearch({ from: '/audit' });
  const navigate = useNavigate();
  const { data, failure, again } = useAsk(AUDIT, { first: PAGE, after: after ?? null });
  const found = data?.auditEntries;
  return (
    <Page
      heading="Audit"
      note="changes, newest first"
      actions={<Button onClick={() => again({ requestPolicy: 'network-only' })}>Read anew</Button>}
    >
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading rows={16} />
      ) : found.nodes.length === 0 ? (
        <Empty title="Nothing was changed yet">
          Every mutation leaves an entry here: who asked for it, what it was about, and how it went.
          <pre>stepgraph audit</pre>
        </Empty>
      ) : (
        <>
          <Table label="Audit" columns={COLUMNS} items={found.nodes} keyOf={(entry) => entry.id} />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => void navigate({ to: '/audit', search: next === undefined ? {} : { after: next } })} />
        </>
      )}
    </Page>
  );
}

function Target({ target }: { readonly target: string | null }) {
  if (target === null) return null;
  if (!target.startsWith('ex_')) return <bdi title={target}>{target}</bdi>;
  return (
    <Link to="/executions/$id" params={{ id: target }}>
      <code>{target}</code>
    </Link>
  );
}

/** The type of the answer, or the code of the error, which is told by a word too. */
function Outcome({ outcome }: { readonly outcome: string }) {
  const hasFailed = /Error$|^[A-Z_]+$/.test(outcome);
  return <span className={hasFailed ? style.refused : undefined}>{hasFailed ? `refused: ${outcome}` : outcome}</span>;
}
