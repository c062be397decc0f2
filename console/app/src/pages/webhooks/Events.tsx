// The events of a webhook, newest first, and one of them in full.
import { Link, useNavigate } from '@tanstack/react-router';
import { useAsk } from '../../api/useAsk';
import type { WebhookEventStatus } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { SelectField } from '../../kit/Field';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { wordOf } from '../../kit/states';
import { StateMark, Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago, At } from '../../kit/Times';
import { shortId } from '../../kit/ids';
import { EventSheet } from './EventSheet';
import { EVENTS, type WebhookDetails, type WebhookEventRow } from './queries';
import style from './Webhooks.module.css';

const PAGE = 50;
const EVERY = 5_000; // ms after which deliveries are asked for again

const SENT: readonly WebhookEventStatus[] = ['PENDING', 'DELIVERED', 'FAILED'];
const RECEIVED: readonly WebhookEventStatus[] = ['RECEIVED', 'REJECTED'];

export interface EventsProps {
  readonly webhook: WebhookDetails;
  /** The status that those listed have, as the address says it. */
  readonly status: string | undefined;
  readonly after: string | undefined;
  /** The id of the one that is open. */
  readonly event: string | undefined;
}

export function Events({ webhook, status, after, event }: EventsProps) {
  const navigate = useNavigate();
  const isInbound = webhook.direction === 'INBOUND';
  const statuses = isInbound ? RECEIVED : SENT;
  const wanted = statuses.find((each) => each === status);
  const { data, failure, again } = useAsk(
    EVENTS,
    { id: webhook.id, status: wanted ?? null, first: PAGE, after: after ?? null },
    { every: EVERY },
  );
  const found = data?.webhook?.events;
  const page: EventPage = { ...(wanted !== undefined && { status: wanted }), ...(after !== undefined && { after }) };
  function go(search: EventPage & { readonly event?: string }): void {
    void navigate({ to: '/webhooks/$id', params: { id: webhook.id }, search, resetScroll: false });
  }
  return (
    <>
      <div className={style.filter}>
        <SelectField<WebhookEventStatus | ''>
          label="Status"
          value={wanted ?? ''}
          onChange={(value) => go(value === '' ? {} : { status: value })}
          choices={[{ value: '', name: 'All' }, ...statuses.map((value) => ({ value, name: wordOf(value) }))]}
        />
      </div>
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading rows={4} />
      ) : found.nodes.length === 0 ? (
        wanted === undefined ? (
          <NoEvents isInbound={isInbound} />
        ) : (
          <Empty title={`No event is ${wordOf(wanted)}`} action={<Button onClick={() => go({})}>Show all</Button>} />
        )
      ) : (
        <>
          <Table
            label="Events"
            columns={isInbound ? inbound(webhook.id, page) : outbound(webhook.id, page)}
            items={found.nodes}
            keyOf={(row) => row.id}
          />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => go({ ...(wanted !== undefined && { status: wanted }), ...(next !== undefined && { after: next }) })} />
        </>
      )}
      {event !== undefined && (
        <EventSheet
          key={event}
          id={event}
          webhook={webhook}
          onChanged={() => again({ requestPolicy: 'network-only' })}
          onClose={() => go(page)}
        />
      )}
    </>
  );
}

/** Where in the list it is: the status that is listed, and the cursor of the page before. */
interface EventPage {
  readonly status?: string;
  readonly after?: string;
}

type Columns = readonly Column<WebhookEventRow>[];

function when(id: string, page: EventPage): Column<WebhookEventRow> {
  return {
    name: 'When',
    cell: (row) => (
      <Link to="/webhooks/$id" params={{ id }} search={{ ...page, event: row.id }} resetScroll={false} className={style.name ?? ''}>
        <At at={row.createdAt} />
      </Link>
    ),
  };
}

const EXECUTION: Column<WebhookEventRow> = { name: 'Execution', cell: (row) => <Execution row={row} /> };
const STATUS: Column<WebhookEventRow> = { name: 'Status', cell: (row) => <Status status={row.status} /> };
const WHY: Column<WebhookEventRow> = {
  name: 'Why',
  cell: (row) => row.lastError !== null && row.status !== 'DELIVERED' && <span title={row.lastError}>{row.lastError}</span>,
  grows: true,
};

function outbound(id: string, page: EventPage): Columns {
  return [
    when(id, page),
    { name: 'Event', cell: (row) => <bdi>{row.eventType}</bdi> },
    STATUS,
    { name: 'Attempts', cell: (row) => count(row.attempts), align: 'end' },
    { name: 'Answer', cell: (row) => row.lastStatusCode, align: 'end' },
    { name: 'Next attempt', cell: (row) => row.nextAttemptAt !== null && <Ago at={row.nextAttemptAt} /> },
    WHY,
    EXECUTION,
  ];
}

function inbound(id: string, page: EventPage): Columns {
  return [when(id, page), STATUS, EXECUTION, WHY];
}

function Execution({ row: { execution } }: { readonly row: WebhookEventRow }) {
  if (execution === null) return null;
  return (
    <span className={style.execution}>
      <StateMark status={execution.status} />
      <Link to="/executions/$id" params={{ id: execution.id }}>
        <code>{shortId(execution.id)}</code>
      </Link>
    </span>
  );
}

function NoEvents({ isInbound }: { readonly isInbound: boolean }) {
  if (isInbound) return <Empty title="Nothing has come in yet">What is sent to its address is listed here, with the execution that it has started.</Empty>;
  return <Empty title="Nothing was sent yet">Each event is listed here when it happens, with every attempt at delivering it.</Empty>;
}
