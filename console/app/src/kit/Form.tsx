// A form: its fields in a column, what is wrong with it as a whole, and the one button that it is for.
import type { ReactNode, SubmitEvent } from 'react';
import { problemsBeside, type Failure } from '../api/failure';
import { Button } from './Button';
import style from './Form.module.css';
import { FailureLine } from './Notes';

export interface FormProps {
  /** What the button is called: "Save". */
  readonly submit: string;
  readonly onSubmit: () => void;
  readonly onCancel?: () => void;
  readonly isRunning?: boolean;
  readonly isDisabled?: boolean;
  readonly failure?: Failure | undefined;
  /** The inputs whose problems are told by fields, with `problemAt`; all others are told above the button. */
  readonly fields?: readonly string[];
  /** Said beside the button when it has worked. */
  readonly done?: string | undefined;
  readonly children: ReactNode;
}

export function Form({ submit, onSubmit, onCancel, isRunning = false, isDisabled = false, failure, fields = [], done, children }: FormProps) {
  function send(submission: SubmitEvent): void {
    submission.preventDefault();
    submission.stopPropagation(); // a form in a sheet is inside of its page's
    if (!isRunning) onSubmit();
  }
  return (
    <form className={style.form} onSubmit={send} noValidate>
      {children}
      {failure !== undefined && <Refusal failure={failure} fields={fields} />}
      <div className={style.actions}>
        <Button kind="primary" type="submit" disabled={isRunning || isDisabled}>
          {submit}
        </Button>
        {onCancel !== undefined && <Button onClick={onCancel}>Cancel</Button>}
        <span role="status" className={style.done}>
          {failure === undefined ? done : undefined}
        </span>
      </div>
    </form>
  );
}

/** Fields beside each other, where there is room. */
export function FieldRow({ children }: { readonly children: ReactNode }) {
  return <div className={style.row}>{children}</div>;
}

function Refusal({ failure, fields }: { readonly failure: Failure; readonly fields: readonly string[] }) {
  const beside = problemsBeside(failure, fields);
  if (failure.problems === undefined || failure.problems.length === 0) return <FailureLine failure={failure} />;
  if (beside.length === 0) {
    return (
      <p role="alert" className={style.problems}>
        Nothing was changed: the fields above say why.
      </p>
    );
  }
  return (
    <ul role="alert" className={style.problems}>
      {beside.map((problem) => (
        <li key={`${problem.path.join('.')} ${problem.message}`}>
          {problem.path.length > 0 && <code>{problem.path.join('.')}</code>} {problem.message} {problem.hint}
        </li>
      ))}
    </ul>
  );
}
