// The line under a run's name: state, time, progress, version, where it comes from; and why it waits.
import { Link } from '@tanstack/react-router';
import { Id } from '../../kit/Id';
import { Status } from '../../kit/Status';
import { spell } from '../../kit/times';
import { Ago, At } from '../../kit/Times';
import { useNow } from '../../kit/useNow';
import { shortId } from '../../kit/ids';
import { Text } from '../../payload/Text';
import { runHasEnded, type RunExecution } from '../../run/model';
import { WaitLine } from '../../run/WaitLine';
import type { RunAbout } from './useAbout';
import style from './Run.module.css';

/** The file that a run was exported into, and when, in milliseconds since 1970. */
export interface FileOfRun {
  readonly name: string;
  readonly exportedAt: number;
}

export interface AboutProps {
  readonly execution: RunExecution;
  readonly about: Pick<RunAbout, 'workflowVersion' | 'labels' | 'parent' | 'retriedFrom'> | null | undefined;
  /** Where the run is read from a file: it stands still, and what it names need not be here. */
  readonly file?: FileOfRun | null;
}

export function About({ execution, about, file = null }: AboutProps) {
  const present = useNow();
  const now = file?.exportedAt ?? present;
  const { status, startedAt, finishedAt, createdAt, percent, waitingFor } = execution;
  const labels = Object.entries((about?.labels ?? {}) as Record<string, unknown>);
  return (
    <div className={style.about}>
      <div className={style.line}>
        {file !== null && (
          <span className={style.file}>
            from a file, <Text text={file.name} />, exported at <At at={new Date(file.exportedAt).toISOString()} />
          </span>
        )}
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
        {about?.parent != null && <RunName name="started by" id={about.parent.id} leads={file === null} />}
        {about?.retriedFrom != null && <RunName name="retry of" id={about.retriedFrom.id} leads={file === null} />}
        {file === null && about?.retriedFrom != null && (
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
      {waitingFor !== null && <WaitLine wait={waitingFor} who={null} now={now} leads={file === null} />}
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

function RunName({ name, id, leads }: { readonly name: string; readonly id: string; readonly leads: boolean }) {
  return (
    <span>
      {name}{' '}
      {leads ? (
        <Link to="/executions/$id" params={{ id }}>
          {shortId(id)}
        </Link>
      ) : (
        <Id id={id} />
      )}
    </span>
  );
}
