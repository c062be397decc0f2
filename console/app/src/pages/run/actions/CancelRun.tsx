// Cancelling a run: what that does, a reason, and the button that does it.
import { useState } from 'react';
import { useAct } from '../../../api/useAct';
import type { ApiCall } from '../../../calls/calls';
import { CopyAs } from '../../../calls/CopyAs';
import { TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { Sheet } from '../../../kit/Sheet';
import { CANCEL } from './mutations';
import style from './Actions.module.css';

export interface ActionSheetProps {
  readonly id: string;
  readonly onClose: () => void;
  /** It was asked for: a sentence for whoever looks at the run. */
  readonly onDone: (sentence: string) => void;
}

export function CancelRun({ id, onClose, onDone }: ActionSheetProps) {
  const [reason, setReason] = useState('');
  const act = useAct(CANCEL, (data) => data.cancelExecution);
  const variables = { id, ...(reason.trim() !== '' && { reason: reason.trim() }) };
  async function cancel(): Promise<void> {
    if ('data' in (await act.run(variables))) onDone('It is being cancelled.');
  }
  return (
    <Sheet title="Cancel this run" onClose={onClose}>
      <Form submit="Cancel the run" onSubmit={() => void cancel()} isRunning={act.isRunning} failure={act.failure}>
        <p className={style.text}>
          What runs is stopped, a request that is under way included, and so are the runs that it has started. It ends as
          cancelled; that cannot be undone, but it can be retried.
        </p>
        <TextField label="Reason" hint="Kept with the run. It may be left out." value={reason} onChange={setReason} autoFocus />
      </Form>
      <CopyAs call={cancelCall(variables)} />
    </Sheet>
  );
}

function cancelCall(variables: { readonly id: string; readonly reason?: string }): ApiCall {
  const { id, reason } = variables;
  return { document: CANCEL, variables, command: ['cancel', id, ...(reason === undefined ? [] : ['--reason', reason])] };
}
