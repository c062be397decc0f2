// The processes that run executions, the queues that they take hints from, and the parts that all stand on.
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { WorkersQuery } from '../../graphql/graphql';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count, counted } from '../../kit/numbers';
import { Page, Section } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago, Took } from '../../kit/Times';

const WORKERS = graphql(`
  query Workers {
    health {
      status
      version
      components {
        name
        status
        detail
        latency
      }
      queues {
        name
        depth
        deadLetters
      }
      workers {
        id
        host
        activeExecutions
        startedAt
        lastHeartbeatAt
      }
    }
  }
`);

type Health = WorkersQuery['health'];

const WORKER_COLUMNS: readonly Column<Health['workers'][number]>[] = [
  { name: 'Host', cell: (worker) => worker.host, grows: true },
  { name: 'Executions', cell: (worker) => count(worker.activeExecutions), align: 'end' },
  { name: 'Heartbeat', cell: (worker) => <Ago at={worker.lastHeartbeatAt} /> },
  { name: 'Started', cell: (worker) => <Ago at={worker.startedAt} /> },
];

const QUEUE_COLUMNS: readonly Column<Health['queues'][number]>[] = [
  { name: 'Queue', cell: (queue) => queue.name, grows: true },
  { name: 'Wait', cell: (queue) => count(queue.depth), align: 'end' },
  { name: 'Given up', cell: (queue) => count(queue.deadLetters), align: 'end' },
];

const COMPONENT_COLUMNS: readonly Column<Health['components'][number]>[] = [
  { name: 'Part', cell: (component) => component.name },
  { name: 'State', cell: (component) => <Status status={component.status} /> },
  { name: 'Answers in', cell: (component) => component.latency && <Took duration={component.latency} />, align: 'end' },
  { name: 'Detail', cell: (component) => component.detail, grows: true },
];

export function Workers() {
  const { data, failure, again } = useAsk(WORKERS, {}, { every: 3_000 });
  const health = data?.health;
  return (
    <Page
      heading="Workers"
      note={
        health && (
          <>
            {counted(health.workers.length, 'process', 'processes')} · Stepgraph {health.version}
          </>
        )
      }
      actions={health && <Status status={health.status} />}
    >
      {failure !== undefined && (health ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {health ? <Found health={health} /> : failure === undefined && <Loading />}
    </Page>
  );
}

function Found({ health }: { readonly health: Health }) {
  return (
    <>
      {health.workers.length === 0 ? (
        <Empty title="No worker runs">
          Executions wait until one does.
          <pre>stepgraph worker</pre>
        </Empty>
      ) : (
        <Table label="Workers" columns={WORKER_COLUMNS} items={health.workers} keyOf={(worker) => worker.id} />
      )}
      <Section heading="Queues">
        {health.queues.length === 0 ? (
          <p>Redis is away, so nobody knows what waits in its queues.</p>
        ) : (
          <Table label="Queues" columns={QUEUE_COLUMNS} items={health.queues} keyOf={(queue) => queue.name} />
        )}
      </Section>
      <Section heading="Parts">
        <Table label="Parts" columns={COMPONENT_COLUMNS} items={health.components} keyOf={(component) => component.name} />
      </Section>
    </>
  );
}
