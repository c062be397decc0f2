// Schedules: when each starts its workflow, and how that went.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { filled } from '../../addresses';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import type { SchedulesQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { SCHEDULES, WORKFLOW_BY_NAME } from './queries';
import { NewSchedule } from './ScheduleForm';
import style from './Schedules.module.css';
import { ScheduleSheet } from './ScheduleSheet';

type Row = SchedulesQuery['schedules']['nodes'][number];

const PAGE = 50;
const AGAIN_EVERY = 10_000;

export function Schedules() {
  const search = useSearch({ from: '/schedules' });
  const navigate = useNavigate();
  const may = useMay();
  const { workflow, after } = search;
  const named = useAsk(WORKFLOW_BY_NAME, { name: workflow ?? '' }, { pause: workflow === undefined });
  const workflowId = workflow === undefined ? null : named.data?.workflow?.id;
  const asked = useAsk(SCHEDULES, { workflowId: workflowId ?? null, first: PAGE, after: after ?? null }, { pause: workflowId === undefined, every: AGAIN_EVERY });
  const failure = asked.failure ?? named.failure;
  const found = workflowId === undefined ? undefined : asked.data?.schedules;
  const refresh = () => asked.again({ requestPolicy: 'network-only' });
  const isOfNone = workflow !== undefined && named.data?.workflow === null;

  function go(next: Partial<Record<'workflow' | 'after' | 'name' | 'new', string | undefined>>): void {
    void navigate({ to: '/schedules', search: filled(next) });
  }

  return (
    <Page
      heading="Schedules"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.saveSchedule') && (
          <Button kind="primary" onClick={() => go({ ...search, new: 'yes' })}>
            New schedule…
          </Button>
        )
      }
    >
      {workflow !== undefined && (
        <p className={style.only}>
          Those of <bdi>{workflow}</bdi> <Link to="/schedules">Show all</Link>
        </p>
      )}
      {failure !== undefined &&
        (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={refresh} />)}
      {isOfNone ? (
        <Empty title="There is no workflow with this name" />
      ) : found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <NoSchedules />
      ) : (
        <>
          <Table label="Schedules" columns={COLUMNS} items={found.nodes} keyOf={(row) => row.id} />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => go({ workflow, after: next })} />
        </>
      )}
      {search.name !== undefined && <ScheduleSheet key={search.name} name={search.name} onClose={() => go({ ...search, name: undefined })} onChanged={refresh} />}
      {search.new !== undefined && (
        <NewSchedule
          workflow={workflow ?? ''}
          onClose={() => go({ workflow, after })}
          onSaved={(name) => {
            refresh();
            go({ workflow, after, name });
          }}
        />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Name', cell: (row) => <NameLink row={row} />, grows: true },
  { name: 'State', cell: (row) => <Status status={row.enabled ? 'ENABLED' : 'DISABLED'} /> },
  { name: 'Workflow', cell: (row) => <WorkflowLink row={row} /> },
  { name: 'Cron', cell: (row) => <code>{row.cron}</code> },
  { name: 'Time zone', cell: (row) => row.timezone },
  { name: 'Next', cell: (row) => row.nextRunAt && <Ago at={row.nextRunAt} /> },
  { name: 'Last', cell: (row) => row.lastRunAt && <Ago at={row.lastRunAt} /> },
  { name: 'Outcome', cell: (row) => <Outcome row={row} /> },
];

function NameLink({ row }: { readonly row: Row }) {
  return (
    <Link to="/schedules" search={(before) => ({ ...before, name: row.name })} className={style.name ?? ''}>
      <bdi>{row.name}</bdi>
    </Link>
  );
}

function WorkflowLink({ row }: { readonly row: Row }) {
  return (
    <Link to="/executions" search={{ workflow: row.workflow.name, trigger: 'SCHEDULE' }}>
      <bdi>{row.workflow.name}</bdi>
    </Link>
  );
}

function Outcome({ row }: { readonly row: Row }) {
  if (row.lastError !== null) {
    return (
      <span className={style.problem} title={row.lastError}>
        starts nothing
      </span>
    );
  }
  if (row.lastExecution === null) return null;
  return (
    <Link to="/executions/$id" params={{ id: row.lastExecution.id }} className={style.name ?? ''}>
      <Status status={row.lastExecution.status} />
    </Link>
  );
}

function NoSchedules() {
  return (
    <Empty title="There is no schedule here">
      A schedule starts a workflow by the clock:
      <pre>{'stepgraph schedules save every-morning sales-report "0 6 * * *" --timezone Europe/Berlin'}</pre>
    </Empty>
  );
}
