// The line under a workflow's name: its state, its version, its labels and limits, and how its runs of a day went.
import { Link } from '@tanstack/react-router';
import { Id } from '../../kit/Id';
import { count, share } from '../../kit/numbers';
import { Status } from '../../kit/Status';
import { Ago, Took } from '../../kit/Times';
import type { WorkflowFound } from './queries';
import style from './Workflow.module.css';

export function About({ workflow }: { readonly workflow: WorkflowFound }) {
  const { metrics, labels, timeout, maxConcurrentExecutions } = workflow;
  return (
    <div className={style.about}>
      <div className={style.line}>
        <span role="status">
          <Status status={workflow.status} />
        </span>
        <span>v{workflow.version}</span>
        <Id id={workflow.id} />
        <span>
          changed <Ago at={workflow.updatedAt} />
        </span>
        {timeout !== null && (
          <span>
            at most <Took duration={timeout} />
          </span>
        )}
        {maxConcurrentExecutions !== null && <span>at most {count(maxConcurrentExecutions)} at a time</span>}
        {Object.entries(labels as Record<string, unknown>).map(([name, value]) => (
          <span key={name} className={style.label}>
            <bdi>{name}</bdi>=<bdi>{String(value)}</bdi>
          </span>
        ))}
      </div>
      <div className={style.line}>
        <span>In 24 h</span>
        <span>{count(metrics.started)} started</span>
        <span>{count(metrics.completed)} completed</span>
        {metrics.failed > 0 ? (
          <Link
            to="/executions"
            search={{ workflow: workflow.name, status: 'FAILED,TIMED_OUT', since: '24h' }}
            className={style.failed ?? ''}
          >
            {count(metrics.failed)} failed
          </Link>
        ) : (
          <span>0 failed</span>
        )}
        {metrics.completed + metrics.failed > 0 && (
          <>
            <span>{share(metrics.successRate)} success</span>
            <span>
              p50 <Took duration={metrics.duration.p50} />
            </span>
            <span>
              p95 <Took duration={metrics.duration.p95} />
            </span>
          </>
        )}
        <span>{count(metrics.running)} running now</span>
      </div>
    </div>
  );
}
