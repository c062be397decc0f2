// Sending a signal to a run: one that it waits for, or another, with a payload.
import { useState } from 'react';
import { problemAt } from '../../../api/failure';
import { useExactAct } from '../../../api/useExactAct';
import { CopyAs } from '../../../calls/CopyAs';
import { TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { readJson } from '../../../kit/json';
import { JsonField } from '../../../kit/JsonField';
import { Sheet } from '../../../kit/Sheet';
import { toJson } from '../../../payload/values';
import type { ActionSheetProps } from './CancelRun';
import { SIGNAL } from './mutations';

export interface SignalRunProps extends ActionSheetProps {
  /** The names that steps wait for now. */
  readonly awaited: readonly string[];
}

export function SignalRun({ id, awaited, onClose, onDone }: SignalRunProps) {
  const [name, setName] = useState(awaited[0] ?? '');
  const [payload, setPayload] = useState('');
  const [problem, setProblem] = useState<string>();
  const act = useExactAct(SIGNAL, (data) => data.signalExecution);
  const read = readJson(payload);
  const value = 'value' in read ? read.value : undefined;
  const variables = { id, name: name.trim(), ...(value !== undefined && { payload: value }) };
  async function send(): Promise<void> {
    setProblem('problem' in read ? read.problem : undefined);
    if ('problem' in read) return;
    if ('data' in (await act.run(variables))) onDone(`The signal ${variables.name} was sent.`);
  }
  return (
    <Sheet title="Send a signal" onClose={onClose}>
      <Form
        submit="Send the signal"
        onSubmit={() => void send()}
        isRunning={act.isRunning}
        isDisabled={variables.name === ''}
        failure={act.failure}
        fields={['name', 'payload']}
      >
        <TextField
          label="Signal"
          hint={
            awaited.length === 0
              ? 'No step waits for one now; it is kept until one does.'
              : `Steps wait for ${awaited.join(', ')}.`
          }
          problem={problemAt(act.failure, 'name')}
          value={name}
          onChange={setName}
          list={awaited}
          autoFocus
        />
        <JsonField
          label="Payload"
          hint='JSON, such as {"approved": true}. The step that waits has it in its output, as payload; nothing is null.'
          problem={problem ?? problemAt(act.failure, 'payload')}
          value={payload}
          onChange={setPayload}
        />
      </Form>
      <CopyAs
        call={{
          document: SIGNAL,
          variables,
          command: ['signal', id, variables.name, ...(value === undefined ? [] : ['--payload', toJson(value, 0)])],
        }}
      />
    </Sheet>
  );
}
