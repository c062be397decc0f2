// The attempts at a step: how each ended, how long it took, how long it was waited after it.
import { StateMark } from '../kit/Status';
import { wordOf } from '../kit/states';
import { spell } from '../kit/times';
import type { RunStep } from './model';
import { statusOfAttempt } from './segments';
import style from './Inspector.module.css';

export interface AttemptsProps {
  readonly step: RunStep;
  readonly shown: number | null;
  readonly now: number;
  readonly onAttempt: (attempt: number) => void;
}

const MOST = 50; // the newest of a step with a thousand attempts

export function Attempts({ step, shown, now, onAttempt }: AttemptsProps) {
  const all = step.attempts;
  const first = Math.max(0, all.length - MOST);
  return (
    <ol className={style.attempts} start={first + 1}>
      {first > 0 && <li className={style.soft}>{first} earlier ones</li>}
      {all.slice(first).map((attempt, index) => {
        const next = all[first + index + 1];
        const status = statusOfAttempt(step, attempt, next === undefined);
        const took = (attempt.finishedAt ?? step.finishedAt ?? now) - attempt.startedAt;
        const pause = next !== undefined && attempt.finishedAt !== null ? next.startedAt - attempt.finishedAt : 0;
        return (
          <li key={attempt.number}>
            <button
              type="button"
              className={style.attempt}
              aria-pressed={attempt.number === shown}
              onClick={() => onAttempt(attempt.number)}
            >
              <span className={style.attemptNumber}>{attempt.number}</span>
              <StateMark status={status} />
              <span>{attempt.statusCode ?? attempt.error?.code ?? wordOf(status)}</span>
              <span className={style.end}>{spell(took)}</span>
              <span className={style.pause}>{pause > 0 && `then waited ${spell(pause)}`}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
