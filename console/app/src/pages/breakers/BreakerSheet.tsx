// One circuit breaker: what it counts, what waits for it, its configuration, and what can be done with it.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { TextField } from '../../kit/Field';
import { Fact, Facts } from '../../kit/Facts';
import { Form } from '../../kit/Form';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Sheet } from '../../kit/Sheet';
import { Status } from '../../kit/Status';
import { Ago } from '../../kit/Times';
import { WaitLink } from './Breakers';
import style from './Breakers.module.css';
import { ConfigFacts, ConfigFields, configOf, isReadable, typedOf, type TypedConfig } from './config';
import { CONFIGURE_BREAKER, DELETE_BREAKER, RESET_BREAKER } from './queries';
import { useBreaker, type Breaker } from './useBreakers';

const FIELDS = ['config', 'serviceId'];

export interface BreakerSheetProps {
  readonly serviceId: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function BreakerSheet({ serviceId, onClose, onChanged }: BreakerSheetProps) {
  const { asked, breaker } = useBreaker(serviceId);
  const may = useMay();
  return (
    <Sheet title={serviceId} note={breaker && <Status status={breaker.state} />} onClose={onClose}>
      {asked.failure !== undefined && <FailureNote failure={asked.failure} />}
      {breaker === undefined && asked.failure === undefined && <Loading rows={6} />}
      {breaker === null && <Empty title="This service has no breaker">It was never called, nor configured, or its breaker was deleted.</Empty>}
      {breaker && (
        <>
          <State breaker={breaker} />
          <Actions breaker={breaker} onDeleted={() => { onChanged(); onClose(); }} />
          <section className={style.part}>
            <h3>Configuration</h3>
            {may('Mutation.updateCircuitBreaker') ? <Configuration breaker={breaker} /> : <ConfigFacts config={breaker.config} />}
          </section>
        </>
      )}
    </Sheet>
  );
}

function State({ breaker }: { readonly breaker: Breaker }) {
  const { config, state } = breaker;
  return (
    <Facts>
      <Fact name="Failures in a row">
        {count(breaker.failureCount)}, opens at {count(config.failureThreshold)}
      </Fact>
      {state === 'HALF_OPEN' && (
        <Fact name="Probes that succeeded">
          {count(breaker.successCount)}, closes at {count(config.successThreshold)}
        </Fact>
      )}
      {breaker.openedAt !== null && (
        <Fact name="Not closed since">
          <Ago at={breaker.openedAt} />
        </Fact>
      )}
      {breaker.nextProbeAt !== null && (
        <Fact name="Next call">
          <Ago at={breaker.nextProbeAt} />
        </Fact>
      )}
      <Fact name="Executions that wait">
        <WaitLink breaker={breaker} />
      </Fact>
      <Fact name="Changed">
        <Ago at={breaker.updatedAt} />
      </Fact>
    </Facts>
  );
}

function Actions({ breaker, onDeleted }: { readonly breaker: Breaker; readonly onDeleted: () => void }) {
  const { serviceId } = breaker;
  const may = useMay();
  const reset = useAct(RESET_BREAKER, (data) => data.resetCircuitBreaker);
  const remove = useAct(DELETE_BREAKER, (data) => data.deleteCircuitBreaker);
  const [isAsked, setAsked] = useState(false);
  async function removeIt(): Promise<void> {
    if ('data' in (await remove.run({ serviceId }))) onDeleted();
  }
  return (
    <div className={style.part}>
      <div className={style.actions}>
        {may('Mutation.resetCircuitBreaker') && (
          <Button disabled={reset.isRunning || (breaker.state === 'CLOSED' && breaker.failureCount === 0)} onClick={() => void reset.run({ serviceId })}>
            Close it by hand
          </Button>
        )}
        {may('Mutation.deleteCircuitBreaker') && (
          <Button kind="danger" onClick={() => setAsked(true)}>
            Delete…
          </Button>
        )}
      </div>
      {reset.failure !== undefined && <FailureLine failure={reset.failure} />}
      {isAsked && (
        <Confirm
          title={`Delete the breaker of ${serviceId}?`}
          action="Delete it"
          isRunning={remove.isRunning}
          failure={remove.failure}
          onConfirm={() => void removeIt()}
          onClose={() => setAsked(false)}
        >
          Its configuration is gone with it. Steps that wait for it go on, and the next call of the service makes a new one.
        </Confirm>
      )}
    </div>
  );
}

function Configuration({ breaker }: { readonly breaker: Breaker }) {
  const [typed, setTyped] = useState<TypedConfig>(() => typedOf(breaker.config));
  const [done, setDone] = useState<string>();
  const save = useAct(CONFIGURE_BREAKER, (data) => data.updateCircuitBreaker);
  async function submit(): Promise<void> {
    const answer = await save.run({ serviceId: breaker.serviceId, config: configOf(typed) });
    setDone('data' in answer ? 'Saved' : undefined);
  }
  return (
    <Form submit="Save" onSubmit={() => void submit()} isRunning={save.isRunning} isDisabled={!isReadable(typed)} failure={save.failure} fields={FIELDS} done={done}>
      <ConfigFields
        typed={typed}
        failure={save.failure}
        onTyped={(next) => {
          setTyped(next);
          setDone(undefined);
        }}
      />
    </Form>
  );
}

/** The configuration of a service that may not have been called yet. */
export function NewBreaker({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: (serviceId: string) => void }) {
  const [serviceId, setServiceId] = useState('');
  const [typed, setTyped] = useState<TypedConfig>({ failureThreshold: '5', successThreshold: '2', resetTimeout: '30s', halfOpenMaxCalls: '1' });
  const save = useAct(CONFIGURE_BREAKER, (data) => data.updateCircuitBreaker);
  async function submit(): Promise<void> {
    const service = serviceId.trim();
    if ('data' in (await save.run({ serviceId: service, config: configOf(typed) }))) onMade(service);
  }
  return (
    <Sheet title="Configure a service" onClose={onClose}>
      <Form
        submit="Save"
        onSubmit={() => void submit()}
        onCancel={onClose}
        isRunning={save.isRunning}
        isDisabled={serviceId.trim() === '' || !isReadable(typed)}
        failure={save.failure}
        fields={FIELDS}
      >
        <TextField
          label="Service"
          value={serviceId}
          onChange={setServiceId}
          placeholder="api.example.com"
          hint="The host of its addresses, with the port where they have one. One that has a breaker already gets this configuration."
          problem={problemAt(save.failure, 'serviceId')}
          autoComplete="off"
          autoFocus
        />
        <ConfigFields typed={typed} failure={save.failure} onTyped={setTyped} />
      </Form>
    </Sheet>
  );
}
