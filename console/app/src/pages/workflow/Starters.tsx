// What starts a workflow by itself, and who is told of it: its schedules and its webhooks.
import { Link } from '@tanstack/react-router';
import { useAsk } from '../../api/useAsk';
import type { WorkflowHooksQuery, WorkflowSchedulesQuery } from '../../graphql/graphql';
import { FailureLine, Loading } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { HOOKS, SCHEDULES } from './queries';

type Schedule = WorkflowSchedulesQuery['schedules']['nodes'][number];
type Hook = WorkflowHooksQuery['webhooks']['nodes'][number];

function scheduleColumns(workflow: string): readonly Column<Schedule>[] {
  return [
    {
      name: 'Schedule',
      cell: ({ name }) => (
        <Link to="/schedules" search={{ workflow, name }}>
          <bdi>{name}</bdi>
        </Link>
      ),
      grows: true,
    },
    { name: 'State', cell: ({ enabled }) => <Status status={enabled ? 'ENABLED' : 'DISABLED'} /> },
    { name: 'At', cell: ({ cron, timezone }) => <code>{`${cron} ${timezone}`}</code> },
    { name: 'Next', cell: ({ nextRunAt, lastError }) => (nextRunAt === null ? lastError : <Ago at={nextRunAt} />) },
  ];
}

const HOOK_COLUMNS: readonly Column<Hook>[] = [
  {
    name: 'Webhook',
    cell: ({ id, name }) => (
      <Link to="/webhooks/$id" params={{ id }}>
        <bdi>{name}</bdi>
      </Link>
    ),
    grows: true,
  },
  { name: 'State', cell: ({ enabled }) => <Status status={enabled ? 'ENABLED' : 'DISABLED'} /> },
  { name: 'Direction', cell: ({ direction }) => (direction === 'INBOUND' ? 'starts it' : 'is told of it') },
];

export function Starters({ id, workflow }: { readonly id: string; readonly workflow: string }) {
  const schedules = useAsk(SCHEDULES, { id });
  const hooks = useAsk(HOOKS, {});
  const failure = schedules.failure ?? hooks.failure;
  const own = hooks.data?.webhooks.nodes.filter(({ workflow }) => workflow?.id === id);
  const timed = schedules.data?.schedules.nodes;
  return (
    <Section heading="Schedules and webhooks">
      {failure !== undefined && <FailureLine failure={failure} />}
      {failure === undefined && (timed === undefined || own === undefined) && <Loading rows={2} />}
      {timed !== undefined && timed.length > 0 && (
        <Table label="Schedules" columns={scheduleColumns(workflow)} items={timed} keyOf={(schedule) => schedule.id} />
      )}
      {own !== undefined && own.length > 0 && (
        <Table label="Webhooks" columns={HOOK_COLUMNS} items={own} keyOf={(hook) => hook.id} />
      )}
      {timed?.length === 0 && own?.length === 0 && (
        <p>No schedule starts it, and no webhook is for it alone.</p>
      )}
      {hooks.data?.webhooks.pageInfo.hasNextPage && <p>Only the newest 100 webhooks were looked through.</p>}
    </Section>
  );
}
