// The input of a retry, where it is to be another: begun with the one that the run had.
import { useEffect, useRef, useState } from 'react';
import { CheckField } from '../../../kit/Field';
import { writtenJson } from '../../../kit/json';
import { JsonField } from '../../../kit/JsonField';
import { FailureLine } from '../../../kit/Notes';
import { inputOfRun } from '../../../run/stepValues';
import type { Failure } from '../../../api/failure';

export interface OtherInputProps {
  readonly id: string;
  /** null: it keeps the one that it had. */
  readonly text: string | null;
  readonly onText: (text: string | null) => void;
  readonly problem: string | undefined;
}

export function OtherInput({ id, text, onText, problem }: OtherInputProps) {
  const [failure, setFailure] = useState<Failure>();
  const isLoaded = useRef(false);
  const isOther = text !== null;
  useEffect(() => {
    if (!isOther || isLoaded.current) return;
    const stop = new AbortController();
    void inputOfRun(id)(true, stop.signal).then((loaded) => {
      if (stop.signal.aborted) return;
      isLoaded.current = true;
      if (loaded.kind === 'value') onText(writtenJson(loaded.data));
      else if (loaded.kind === 'failed') setFailure(loaded.failure);
    });
    return () => stop.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- it is loaded once, when it is first asked for
  }, [id, isOther]);
  function choose(isChecked: boolean): void {
    isLoaded.current = false;
    onText(isChecked ? '' : null);
  }
  return (
    <>
      <CheckField
        label="With another input"
        hint="Then nothing is kept but what is before the step to begin with."
        isChecked={isOther}
        onChange={choose}
      />
      {isOther && (
        <JsonField label="Input" hint="JSON; nothing is null." problem={problem} value={text} onChange={onText} rows={10} />
      )}
      {failure !== undefined && <FailureLine failure={failure} />}
    </>
  );
}
