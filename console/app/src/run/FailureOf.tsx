// A failure in full: its code, what it says, what to try next, and its details when they are there.
import { LoadedPayload } from '../payload/LoadedPayload';
import { Text } from '../payload/Text';
import { hintFor } from './hints';
import type { Failure, RunStep } from './model';
import type { RunSource } from './source';
import style from './Inspector.module.css';

export interface FailureOfProps {
  readonly source: RunSource;
  readonly step: RunStep;
  readonly error: Failure;
  /** The attempt that it is of; null where it is the step's. */
  readonly attempt: number | null;
}

export function FailureOf({ source, step, error, attempt }: FailureOfProps) {
  const hint = hintFor(error.code);
  return (
    <div className={style.failure}>
      <p className={style.message}>
        <code className={style.code}>{error.code}</code> <Text text={error.message} />
      </p>
      {error.path !== null && error.path !== step.path && (
        <p className={style.soft}>
          It came from <code>{error.path}</code>.
        </p>
      )}
      {hint !== null && <p className={style.soft}>{hint}</p>}
      <LoadedPayload
        label={`Details of the error of ${step.stepId}`}
        expression={attempt === null ? `steps.${step.stepId}.error.details` : null}
        from={`details ${step.path} ${step.sequence} ${attempt ?? ''}`}
        load={source.detailsOf(step.path, attempt)}
        none=""
      />
    </div>
  );
}
