// Retrying a run: from which step, with which input, and beforehand what is kept and what runs again.
import { useState } from 'react';
import { problemAt } from '../../../api/failure';
import { useExactAct } from '../../../api/useExactAct';
import { CopyAs } from '../../../calls/CopyAs';
import { CheckField, TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { Sheet } from '../../../kit/Sheet';
import type { ActionSheetProps } from './CancelRun';
import { OtherInput } from './OtherInput';
import { RETRY } from './mutations';
import { retryCommand, retryInput } from './retry';
import { RetryPreview } from './RetryPreview';
import { usePlan } from './usePlan';
import style from './Actions.module.css';

export interface RetryRunProps extends Omit<ActionSheetProps, 'onDone'> {
  /** The step to begin with, as long as nobody says another; empty for none. */
  readonly from: string;
  /** Steps that it may begin with. */
  readonly paths: readonly string[];
  /** It is of a workflow, which may have a newer version. */
  readonly hasWorkflow: boolean;
  /** It has completed, so that only another input makes another run of it. */
  readonly hasCompleted: boolean;
  /** Its retry, a run of its own, was started. */
  readonly onRetried: (id: string) => void;
}

export function RetryRun({ id, from, paths, hasWorkflow, hasCompleted, onClose, onRetried }: RetryRunProps) {
  const [fromStep, setFromStep] = useState(from);
  const [isNewest, setNewest] = useState(false);
  const [input, setInput] = useState<string | null>(hasCompleted ? '' : null);
  const act = useExactAct(RETRY, (data) => data.retryExecution);
  const asked = retryInput({ fromStep, isNewest, input });
  const isAskable = 'input' in asked && !(hasCompleted && input === null);
  const found = usePlan(id, isAskable ? asked.input : null);

  async function retry(): Promise<void> {
    if (!isAskable) return;
    const outcome = await act.run({ id, input: asked.input });
    if ('data' in outcome && outcome.data.retryExecution.__typename === 'WorkflowExecution') {
      onRetried(outcome.data.retryExecution.id);
    }
  }

  return (
    <Sheet title="Retry this run" onClose={onClose}>
      <Form
        submit="Retry"
        onSubmit={() => void retry()}
        isRunning={act.isRunning}
        isDisabled={!isAskable || found?.failure !== undefined}
        failure={act.failure}
        fields={['fromStep', 'input']}
      >
        <p className={style.text}>
          A retry is a run of its own. It keeps what was done, and does the rest
          {hasCompleted ? '; of a run that has completed it needs another input' : ''}.
        </p>
        <TextField
          label="From step"
          hint="The path of a step that runs again, with all that depends on it. Empty: what has not completed."
          problem={problemAt(act.failure, 'fromStep')}
          value={fromStep}
          onChange={setFromStep}
          list={paths}
        />
        {hasWorkflow && (
          <CheckField label="With the newest version of the workflow" isChecked={isNewest} onChange={setNewest} />
        )}
        <OtherInput
          id={id}
          text={input}
          onText={setInput}
          problem={'problem' in asked ? asked.problem : problemAt(act.failure, 'input')}
        />
        {isAskable && <RetryPreview found={found} />}
      </Form>
      {isAskable && (
        <CopyAs
          call={{ document: RETRY, variables: { id, input: asked.input }, command: retryCommand(id, asked.input) }}
        />
      )}
    </Sheet>
  );
}
