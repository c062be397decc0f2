// The newest executions of a workflow, and the way to all of them.
import { Link } from '@tanstack/react-router';
import { useAsk } from '../../api/useAsk';
import type { WorkflowRunsQuery } from '../../graphql/graphql';
import { shortId } from '../../kit/ids';
import { Empty, FailureLine, Loading } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago, Took } from '../../kit/Times';
import { RECENT_RUNS } from './queries';

type Row = WorkflowRunsQuery['executions']['nodes'][number];

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Id',
    cell: (row) => (
      <Link to="/executions/$id" params={{ id: row.id }}>
        {shortId(row.id)}
      </Link>
    ),
  },
  { name: 'Status', cell: (row) => <Status status={row.status} /> },
  { name: 'Created', cell: (row) => <Ago at={row.createdAt} /> },
  { name: 'Took', cell: (row) => row.duration !== null && <Took duration={row.duration} />, align: 'end' },
  { name: 'Version', cell: (row) => row.workflowVersion, align: 'end' },
  { name: 'Error', cell: (row) => row.error?.code, grows: true },
];

export function Runs({ name }: { readonly name: string }) {
  const { data, failure } = useAsk(RECENT_RUNS, { name }, { every: 5_000 });
  const runs = data?.executions.nodes;
  return (
    <Section
      heading="Recent runs"
      actions={
        <Link to="/executions" search={{ workflow: name }}>
          All of them
        </Link>
      }
    >
      {failure !== undefined && <FailureLine failure={failure} />}
      {runs === undefined ? (
        failure === undefined && <Loading rows={4} />
      ) : runs.length === 0 ? (
        <Empty title="It has not run yet">
          Start it here, or:
          <pre>stepgraph run {name}</pre>
        </Empty>
      ) : (
        <Table label="Recent runs" columns={COLUMNS} items={runs} keyOf={(row) => row.id} />
      )}
    </Section>
  );
}
