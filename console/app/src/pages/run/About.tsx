// The line under a run's name: state, time, progress, version, where it comes from; and why it waits.
import { Link } from '@tanstack/react-router';
import { Id } from '../../kit/Id';
import { Status } from '../../kit/Status';
import { spell } from '../../kit/times';
import { Ago } from '../../kit/Times';
import { useNow } from '../../kit/useNow';
import { shortId } from '../../kit/ids';
import { runHasEnded, type RunExecution } from '../../run/model';
import { WaitLine } from '../../run/WaitLine';
import type { RunAbout } from './useAbout';
import style from './Run.module.css';

export function About({
  execution,
  about,
}: {
  readonly execution: RunExecution;
  readonly about: RunAbout | null | undefined;
}) {
  const now = useNow();
  const { status, startedAt, finishedAt, createdAt, percent, waitingFor } = execution;
  const labels = Object.entries((about?.labels ?? {}) as Record<string, unknown>);
  return (
    <div className={style.about}>
      <div className={style.line}>
        <span role="status">
          <Status status={status} />
        </span>
        {startedAt !== null && <span className={style.took}>{spell((finishedAt ?? now) - startedAt)}</span>}
        {!runHasEnded(status) && <Progress percent={percent} />}
        {about?.workflowVersion != null && <span>v{about.workflowVersion}</span>}
        <Id id={execution.id} />
        <span>
          created <Ago at={new Date(createdAt).toISOString()} />
        </span>
        {about?.parent != null && <RunLink name="started by" id={about.parent.id} />}
        {about?.retriedFrom != null && <RunLink name="retry of" id={about.retriedFrom.id} />}
        {about?.retriedFrom != null && (
          <Link to="/executions/$a/compare/$b" params={{ a: about.retriedFrom.id, b: execution.id }}>
            compare
          </Link>
        )}
        {labels.map(([name, value]) => (
          <span key={name} className={style.label}>
            <bdi>{name}</bdi>=<bdi>{String(value)}</bdi>
          </span>
        ))}
      </div>
      {waitingFor !== null && <WaitLine wait={waitingFor} who={null} now={now} />}
    </div>
  );
}

function Progress({ percent }: { readonly percent: number }) {
  return (
    <span className={style.progress}>
      <progress max={100} value={percent} aria-label="Progress" /> {Math.floor(percent)} %
    </span>
  );
}

function RunLink({ name, id }: { readonly name: string; readonly id: string }) {
  return (
    <span>
      {name}{' '}
      <Link to="/executions/$id" params={{ id }}>
        {shortId(id)}
      </Link>
    </span>
  );
}
