// One event of a webhook: what it says, and every attempt at delivering it; it can be sent once more.
import { Link } from '@tanstack/react-router';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { useAsk } from '../../api/useAsk';
import type { WebhookEventDetailsQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { Fact, Facts } from '../../kit/Facts';
import { Id } from '../../kit/Id';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Sheet } from '../../kit/Sheet';
import { StateMark, Status } from '../../kit/Status';
import { Ago, At, Took } from '../../kit/Times';
import { load } from '../../payload/load';
import { LoadedPayload, type LoadValue } from '../../payload/LoadedPayload';
import { EVENT, EVENT_PAYLOAD, REPLAY, type WebhookDetails } from './queries';
import style from './Webhooks.module.css';

type Event = Extract<WebhookEventDetailsQuery['node'], { __typename: 'WebhookEvent' }>;

const EVERY = 3_000; // ms after which an event on its way is asked for again

export interface EventSheetProps {
  readonly id: string;
  readonly webhook: WebhookDetails;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

export function EventSheet({ id, webhook, onChanged, onClose }: EventSheetProps) {
  const { data, failure, again } = useAsk(EVENT, { id }, { every: EVERY });
  const event = data?.node?.__typename === 'WebhookEvent' ? data.node : undefined;
  function changed(): void {
    again({ requestPolicy: 'network-only' });
    onChanged();
  }
  return (
    <Sheet title={event?.eventType ?? 'Event'} note={event && <Status status={event.status} />} onClose={onClose}>
      {failure !== undefined && (event ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {event === undefined
        ? failure === undefined && (data === undefined ? <Loading rows={4} /> : <Empty title="There is no such event">Events are kept for 30 days unless it is set otherwise.</Empty>)
        : <Found event={event} webhook={webhook} onChanged={changed} />}
    </Sheet>
  );
}

function Found({ event, webhook, onChanged }: { readonly event: Event; readonly webhook: WebhookDetails; readonly onChanged: () => void }) {
  const isOutbound = webhook.direction === 'OUTBOUND';
  return (
    <>
      <Facts>
        <Fact name="Id">
          <Id id={event.id} />
        </Fact>
        <Fact name={isOutbound ? 'Happened' : 'Came in'}>
          <At at={event.createdAt} />
        </Fact>
        {event.deliveredAt !== null && (
          <Fact name="Delivered">
            <At at={event.deliveredAt} />
          </Fact>
        )}
        {event.nextAttemptAt !== null && (
          <Fact name="Next attempt">
            <Ago at={event.nextAttemptAt} />
          </Fact>
        )}
        {event.execution !== null && (
          <Fact name="Execution">
            <Link to="/executions/$id" params={{ id: event.execution.id }}>
              <code>{event.execution.id}</code>
            </Link>
          </Fact>
        )}
        {event.lastError !== null && event.status !== 'DELIVERED' && (
          <Fact name="Why">
            <span className={style.error}>{event.lastError}</span>
          </Fact>
        )}
      </Facts>
      {isOutbound && <Attempts event={event} action={<Replay event={event} webhook={webhook} onReplayed={onChanged} />} />}
      <section className={style.part}>
        <h3>{isOutbound ? 'What is sent' : 'What was received'}</h3>
        <LoadedPayload label="Payload of the event" expression={null} from={event.id} load={payloadOf(event.id)} none="Nothing." />
      </section>
    </>
  );
}

function Attempts({ event, action }: { readonly event: Event; readonly action: React.ReactNode }) {
  const newestFirst = [...event.attemptLog].reverse();
  return (
    <section className={style.part}>
      <div className={style.partHead}>
        <h3>Attempts</h3>
        {action}
      </div>
      {newestFirst.length === 0 && <p className={style.note}>There was none yet.</p>}
      <ol className={style.attempts} aria-label="Attempts">
        {newestFirst.map((attempt) => (
          <li key={attempt.at} className={style.attempt}>
            <div className={style.attemptLine}>
              <StateMark status={attempt.error === null ? 'DELIVERED' : 'FAILED'} />
              <span>{attempt.statusCode ?? 'no answer'}</span>
              <At at={attempt.at} />
              <span className={style.note}>
                took <Took duration={attempt.duration} />
              </span>
            </div>
            {attempt.error !== null && <p className={style.error}>{attempt.error}</p>}
            {attempt.response !== null && attempt.response !== '' && (
              <pre className={style.response} tabIndex={0} role="region" aria-label="The beginning of the answer">
                {attempt.response}
              </pre>
            )}
          </li>
        ))}
      </ol>
      {event.attempts > newestFirst.length && <p className={style.note}>and {event.attempts - newestFirst.length} earlier ones</p>}
    </section>
  );
}

function Replay({ event, webhook, onReplayed }: { readonly event: Event; readonly webhook: WebhookDetails; readonly onReplayed: () => void }) {
  const may = useMay();
  const { run, isRunning, failure } = useAct(REPLAY, (data) => data.replayWebhookEvent);
  if (!may('Mutation.replayWebhookEvent')) return null;
  async function replay(): Promise<void> {
    const outcome = await run({ id: event.id });
    if ('data' in outcome) onReplayed();
  }
  return (
    <>
      {failure !== undefined && <FailureLine failure={failure} />}
      <Button
        disabled={isRunning || !webhook.enabled}
        title={webhook.enabled ? undefined : 'The webhook is disabled: enable it first.'}
        onClick={() => void replay()}
      >
        Send again
      </Button>
    </>
  );
}

/** What the event says; one of a megabyte is loaded when somebody asks for it. */
function payloadOf(id: string): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(EVENT_PAYLOAD, { id }, isAsked, signal);
    if (loaded.kind !== 'value') return loaded;
    return { ...loaded, data: loaded.data.node?.__typename === 'WebhookEvent' ? loaded.data.node.payload : null };
  };
}
