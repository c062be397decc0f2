// One of the two runs in a line.
import { Link } from '@tanstack/react-router';
import { Status } from '../../kit/Status';
import { Ago } from '../../kit/Times';
import { shortId } from '../../kit/ids';
import { spell } from '../../kit/times';
import { useNow } from '../../kit/useNow';
import type { RunExecution } from '../../run/model';
import style from './Compare.module.css';

export function OneOfTwo({ name, execution }: { readonly name: string; readonly execution: RunExecution }) {
  const now = useNow();
  const { id, status, startedAt, finishedAt, createdAt } = execution;
  return (
    <p className={style.one}>
      <strong>{name}</strong>
      <Link to="/executions/$id" params={{ id }}>
        <code>{shortId(id)}</code>
      </Link>
      <Status status={status} />
      {startedAt !== null && <span>{spell((finishedAt ?? now) - startedAt)}</span>}
      <span className={style.soft}>
        created <Ago at={new Date(createdAt).toISOString()} />
      </span>
    </p>
  );
}
