// The list of workflows, searched by name on the server.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { WorkflowsQuery } from '../../graphql/graphql';
import { Button, buttonClass } from '../../kit/Button';
import { TextField } from '../../kit/Field';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count, share } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago, Took } from '../../kit/Times';
import style from './Workflows.module.css';

const WORKFLOWS = graphql(`
  query Workflows($filter: WorkflowFilter, $first: Int!, $after: String) {
    workflows(filter: $filter, first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        description
        status
        version
        labels
        updatedAt
        metrics {
          started
          completed
          failed
          running
          successRate
          duration {
            p95
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

type Row = WorkflowsQuery['workflows']['nodes'][number];

const PAGE = 50;
const TYPING = 200; // ms after which what was typed is looked for

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Name', cell: (row) => <Name row={row} />, grows: true },
  { name: 'Status', cell: (row) => <Status status={row.status} /> },
  { name: 'Version', cell: (row) => row.version, align: 'end' },
  { name: 'Running', cell: (row) => count(row.metrics.running), align: 'end' },
  { name: 'Started in 24 h', cell: (row) => count(row.metrics.started), align: 'end' },
  { name: 'Failed', cell: (row) => <Failed row={row} />, align: 'end' },
  { name: 'Success', cell: (row) => (hasEnded(row) ? share(row.metrics.successRate) : '–'), align: 'end' },
  { name: 'p95', cell: (row) => (hasEnded(row) ? <Took duration={row.metrics.duration.p95} /> : '–'), align: 'end' },
  { name: 'Changed', cell: (row) => <Ago at={row.updatedAt} /> },
];

export function Workflows() {
  const { name = '', after } = useSearch({ from: '/workflows' });
  const navigate = useNavigate();
  const may = useMay();
  const [typed, setTyped] = useState(name);
  useEffect(() => {
    if (typed === name) return;
    const timer = setTimeout(() => void navigate({ to: '/workflows', search: typed === '' ? {} : { name: typed }, replace: true }), TYPING);
    return () => clearTimeout(timer);
  }, [typed, name, navigate]);
  const filter = name === '' ? null : { nameContains: name };
  const { data, failure, again, isStale } = useAsk(WORKFLOWS, { filter, first: PAGE, after: after ?? null });
  const found = data?.workflows;
  return (
    <Page
      heading="Workflows"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.applyWorkflow') && (
          <Link to="/workflows/new" className={buttonClass('primary')}>
            New workflow
          </Link>
        )
      }
    >
      <div className={style.search} role="search">
        <TextField label="Name contains" type="search" value={typed} onChange={setTyped} autoComplete="off" />
      </div>
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <NoWorkflows isSearched={name !== ''} />
      ) : (
        <>
          <Table label="Workflows" columns={COLUMNS} items={found.nodes} keyOf={(row) => row.id} isStale={isStale && failure === undefined && typed !== name} />
          <nav className={style.pages} aria-label="Pages of the list">
            {after !== undefined && <Button onClick={() => window.history.back()}>‹ Previous</Button>}
            {found.pageInfo.hasNextPage && found.pageInfo.endCursor !== null && (
              <Link
                to="/workflows"
                search={{ ...(name !== '' && { name }), after: found.pageInfo.endCursor }}
              >
                Next ›
              </Link>
            )}
          </nav>
        </>
      )}
    </Page>
  );
}

/** True where something has ended in that time: without, there is no rate. */
function hasEnded({ metrics }: Row): boolean {
  return metrics.completed + metrics.failed > 0;
}

function Name({ row }: { readonly row: Row }) {
  return (
    <>
      <Link to="/workflows/$name" params={{ name: row.name }} className={style.name ?? ''}>
        <bdi>{row.name}</bdi>
      </Link>
      {row.description !== null && <span className={style.description}> {row.description}</span>}
    </>
  );
}

function Failed({ row }: { readonly row: Row }) {
  if (row.metrics.failed === 0) return 0;
  return (
    <Link to="/executions" search={{ workflow: row.name, status: 'FAILED,TIMED_OUT', since: '24h' }} className={style.failed ?? ''}>
      {count(row.metrics.failed)}
    </Link>
  );
}

function NoWorkflows({ isSearched }: { readonly isSearched: boolean }) {
  if (isSearched) return <Empty title="No workflow has that in its name">Names are compared without regard to case.</Empty>;
  return (
    <Empty title="There is no workflow yet">
      A workflow is a document, which a command stores:
      <pre>stepgraph apply examples/order.yaml</pre>
    </Empty>
  );
}
