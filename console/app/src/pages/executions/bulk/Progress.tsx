// How far a bulk operation is, and with which executions it could not be done; the way to stop it.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../../api/principal';
import { useAct } from '../../../api/useAct';
import { useAsk } from '../../../api/useAsk';
import type { BulkProgressFragment } from '../../../graphql/graphql';
import { Button } from '../../../kit/Button';
import { shortId } from '../../../kit/ids';
import { FailureLine, Loading } from '../../../kit/Notes';
import { OPERATION, STOP } from './operations';
import { toldProgress } from './progress';
import style from './Bulk.module.css';

const AGAIN_EVERY = 700; // ms, until it has ended

export function Progress({ id }: { readonly id: string }) {
  const [hasEnded, setEnded] = useState(false);
  const { data, failure, again } = useAsk(OPERATION, { id }, hasEnded ? {} : { every: AGAIN_EVERY });
  const operation = data?.bulkOperation;
  if (operation?.finishedAt != null && !hasEnded) setEnded(true);
  return (
    <section className={style.preview} aria-label="How far it is">
      {failure !== undefined && <FailureLine failure={failure} />}
      {operation == null ? <Loading rows={2} /> : <Told operation={operation} />}
      {operation?.status === 'RUNNING' && <Stop id={id} onStopped={() => again({ requestPolicy: 'network-only' })} />}
    </section>
  );
}

function Stop({ id, onStopped }: { readonly id: string; readonly onStopped: () => void }) {
  const may = useMay();
  const { run, isRunning, failure } = useAct(STOP, (data) => data.stopBulkOperation);
  async function stop(): Promise<void> {
    await run({ id });
    onStopped();
  }
  if (!may('Mutation.stopBulkOperation')) return null;
  return (
    <div>
      {failure !== undefined && <FailureLine failure={failure} />}
      <Button disabled={isRunning} onClick={() => void stop()} title="What is done stays done; the rest is left as it is.">
        Stop it
      </Button>
    </div>
  );
}

function Told({ operation }: { readonly operation: BulkProgressFragment }) {
  const { matched, done, failed, status, failures } = operation;
  const all = Math.max(matched, done + failed, 1);
  return (
    <>
      <progress className={style.progress} max={all} value={status === 'FINISHED' ? all : done + failed} aria-label="Progress" />
      <p role="status">{toldProgress(operation)}</p>
      {failures.length > 0 && (
        <ul className={style.failures} aria-label="With which it could not be done">
          {failures.map(({ executionId, message }) => (
            <li key={executionId}>
              <Link to="/executions/$id" params={{ id: executionId }} target="_blank">
                {shortId(executionId)}
              </Link>{' '}
              {message}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
