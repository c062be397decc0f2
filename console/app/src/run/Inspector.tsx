// What is selected, beside timeline, graph and table: why a step waits, its attempts, its call, what came of it.
import { Status } from '../kit/Status';
import { wordOf } from '../kit/states';
import { clockTime, spell } from '../kit/times';
import { outputOf } from '../payload/expression';
import { LoadedPayload } from '../payload/LoadedPayload';
import { Attempts } from './Attempts';
import { Changes } from './Changes';
import { FailureOf } from './FailureOf';
import type { RunStep } from './model';
import { Fact, Facts, Part } from './Parts';
import { Request } from './Request';
import type { RunSource } from './source';
import { WaitLine } from './WaitLine';
import style from './Inspector.module.css';

export interface InspectorProps {
  readonly source: RunSource;
  readonly step: RunStep;
  /** The attempt that is looked at; null for the newest. */
  readonly attempt: number | null;
  readonly now: number;
  readonly onAttempt: (attempt: number | null) => void;
}

export function Inspector({ source, step, attempt, now, onAttempt }: InspectorProps) {
  const newest = step.attempts[step.attempts.length - 1]?.number ?? null;
  const shown = attempt ?? newest;
  const tried = step.attempts.find(({ number }) => number === shown);
  const isNewest = shown === newest;
  const error = isNewest ? (step.error ?? tried?.error ?? null) : (tried?.error ?? null);
  const version = `${step.path} ${step.sequence}`;
  return (
    <section className={style.inspector} aria-label={`Step ${step.path}`}>
      <header className={style.head}>
        <h2>{step.stepId}</h2>
        <Status status={step.status} />
        <span className={style.soft}>
          {step.type}
          {shown !== null && step.attempts.length > 1 && ` · attempt ${shown} of ${step.attempts.length}`}
        </span>
      </header>
      {step.path !== step.stepId && <code className={style.path}>{step.path}</code>}
      {step.waitingFor !== null && (
        <WaitLine wait={step.waitingFor} who={step.stepId} now={now} leads={source.recordedAt === null} />
      )}
      <Facts>
        {step.startedAt !== null && (
          <Fact name="Started">{clockTime(new Date(step.startedAt).toISOString(), now)}</Fact>
        )}
        {step.startedAt !== null && <Fact name="Took">{spell((step.finishedAt ?? now) - step.startedAt)}</Fact>}
        {tried?.statusCode != null && <Fact name="Answer">{tried.statusCode}</Fact>}
      </Facts>
      {step.attempts.length > 1 && (
        <Part name="Attempts">
          <Attempts
            step={step}
            shown={shown}
            now={now}
            onAttempt={(number) => onAttempt(number === newest ? null : number)}
          />
        </Part>
      )}
      {error !== null && (
        <Part name="Error">
          <FailureOf source={source} step={step} error={error} attempt={isNewest && step.error !== null ? null : shown} />
        </Part>
      )}
      {shown !== null && step.attempts.length > 1 && <Changes source={source} step={step} attempt={shown} />}
      {step.startedAt !== null && (
        <Request source={source} path={step.path} type={step.type} version={version} size={step.sizes.input} />
      )}
      {step.status === 'COMPLETED' && isNewest && (
        <Part name={step.type === 'HTTP_REQUEST' ? 'Response' : 'Output'}>
          <LoadedPayload
            label={`Output of ${step.stepId}`}
            expression={outputOf(step.stepId)}
            from={`output ${version}`}
            load={source.outputOf(step.path)}
            size={step.sizes.output}
          />
        </Part>
      )}
      {step.startedAt === null && step.waitingFor === null && (
        <p className={style.soft}>It is {wordOf(step.status)}: nothing was done for it.</p>
      )}
    </section>
  );
}
