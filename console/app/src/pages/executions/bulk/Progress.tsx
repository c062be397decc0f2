// How far a bulk operation is, and with which executions it could not be done.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAsk } from '../../../api/useAsk';
import type { BulkOperationQuery } from '../../../graphql/graphql';
import { shortId } from '../../../kit/ids';
import { FailureLine, Loading } from '../../../kit/Notes';
import { count } from '../../../kit/numbers';
import { OPERATION } from './operations';
import style from './Bulk.module.css';

const AGAIN_EVERY = 700; // ms, until it has ended

export function Progress({ id }: { readonly id: string }) {
  const [hasEnded, setEnded] = useState(false);
  const { data, failure } = useAsk(OPERATION, { id }, hasEnded ? {} : { every: AGAIN_EVERY });
  const operation = data?.bulkOperation;
  if (operation?.finishedAt != null && !hasEnded) setEnded(true);
  return (
    <section className={style.preview} aria-label="How far it is">
      {failure !== undefined && <FailureLine failure={failure} />}
      {operation == null ? <Loading rows={2} /> : <Told operation={operation} />}
    </section>
  );
}

function Told({ operation }: { readonly operation: NonNullable<BulkOperationQuery['bulkOperation']> }) {
  const { matched, done, failed, finishedAt, failures } = operation;
  const all = Math.max(matched, done + failed, 1);
  return (
    <>
      <progress className={style.progress} max={all} value={finishedAt === null ? done + failed : all} aria-label="Progress" />
      <p role="status">
        {finishedAt === null ? 'It is carried on in the background, also when this is closed: ' : 'It has ended: '}
        {count(done)} of {count(matched)} done{failed > 0 && `, with ${count(failed)} it could not be done`}.
      </p>
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
