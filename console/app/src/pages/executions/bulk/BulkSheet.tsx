// One thing done with every execution of the list: how many and which, a number to type, and then how far it is.
import { useMemo, useState } from 'react';
import { serverNow } from '../../../api/clock';
import { CopyAs } from '../../../calls/CopyAs';
import { CheckField, TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { readJson } from '../../../kit/json';
import { JsonField } from '../../../kit/JsonField';
import { counted } from '../../../kit/numbers';
import { Sheet } from '../../../kit/Sheet';
import { useExactAct } from '../../../api/useExactAct';
import { apiFilter, writeText, type Filter } from '../filter';
import { bulkCommand } from './command';
import { BULKS, MOST_UNTYPED, type BulkAction } from './operations';
import { Preview } from './Preview';
import { Progress } from './Progress';
import { usePreview } from './usePreview';
import style from './Bulk.module.css';

interface BulkSheetProps {
  readonly action: BulkAction;
  readonly filter: Filter;
  readonly onClose: () => void;
}

export function BulkSheet({ action, filter, onClose }: BulkSheetProps) {
  const { verb, about, document } = BULKS[action];
  const [name, setName] = useState('');
  const [payload, setPayload] = useState('');
  const [reason, setReason] = useState('');
  const [isNewest, setNewest] = useState(false);
  const [typed, setTyped] = useState('');
  const [operation, setOperation] = useState<string>();
  const act = useExactAct(document, (data) => data.answer);
  // The same moment for the preview and for what is done: its times are those of when it was opened.
  const matching = useMemo(() => apiFilter(filter, serverNow()), [filter]);
  const read = readJson(payload);
  const value = 'value' in read ? read.value : undefined;
  const isReady = action !== 'SIGNAL' || (name.trim() !== '' && 'value' in read);
  const options = {
    ...(action === 'CANCEL' && reason.trim() !== '' && { reason: reason.trim() }),
    ...(action === 'RETRY' && { input: { latestVersion: isNewest } }),
    ...(action === 'SIGNAL' && { name: name.trim(), ...(value !== undefined && { payload: value }) }),
  };
  const asked = { filter: matching, ...options };
  const preview = usePreview(action, isReady ? asked : null);
  const matched = preview?.matched ?? 0;
  const isTyped = matched <= MOST_UNTYPED || typed.replace(/\D/g, '') === String(matched);

  async function begin(): Promise<void> {
    const outcome = await act.run({ ...asked, dryRun: false } as never);
    if ('data' in outcome && outcome.data.answer.__typename === 'BulkOperation') setOperation(outcome.data.answer.id);
  }

  const text = writeText(filter);
  return (
    <Sheet title={`${verb} all of these`} onClose={onClose}>
      <p className={style.text}>
        {about} Meant are {text === '' ? 'all executions' : <code>{text}</code>}, on every page of the list.
      </p>
      {operation !== undefined ? (
        <Progress id={operation} />
      ) : (
        <Form
          submit={matched === 0 ? verb : `${verb} ${counted(matched, 'execution')}`}
          onSubmit={() => void begin()}
          isRunning={act.isRunning}
          isDisabled={matched === 0 || !isTyped}
          failure={act.failure}
        >
          {action === 'CANCEL' && <TextField label="Reason" hint="It may be left out." value={reason} onChange={setReason} />}
          {action === 'RETRY' && (
            <CheckField label="With the newest version of their workflow" isChecked={isNewest} onChange={setNewest} />
          )}
          {action === 'SIGNAL' && (
            <>
              <TextField label="Signal" hint="Its name, as steps wait for it." value={name} onChange={setName} autoFocus />
              <JsonField label="Payload" hint="JSON; nothing is null." value={payload} onChange={setPayload} />
            </>
          )}
          <Preview found={isReady ? preview : null} />
          {matched > MOST_UNTYPED && (
            <TextField label={`Type ${String(matched)} to go on`} value={typed} onChange={setTyped} autoComplete="off" />
          )}
        </Form>
      )}
      {operation === undefined && isReady && (
        <CopyAs call={{ document, variables: { ...asked, dryRun: false }, command: bulkCommand(action, matching, options) }} />
      )}
    </Sheet>
  );
}
