// The choice of a recorded run, and of the block in it that the expression would stand in.
import { useEffect, useMemo, useState } from 'react';
import type { Failure } from '../../api/failure';
import { Button } from '../../kit/Button';
import { SelectField, TextField } from '../../kit/Field';
import { FailureLine, Loading } from '../../kit/Notes';
import { counted } from '../../kit/numbers';
import { load } from '../../payload/load';
import style from './Expressions.module.css';
import { RECORDED_RUN } from './queries';
import { blocksOf, contextOf, leftOutOf, type Recorded } from './scope';

const MOST_BLOCKS = 500;

export interface RunContextProps {
  readonly run: string | undefined;
  readonly block: string;
  readonly onRun: (run: string | undefined, block: string | undefined) => void;
  /** What the expression would see; undefined while that is not known. */
  readonly onContext: (context: Readonly<Record<string, unknown>> | undefined) => void;
}

interface Found {
  readonly run: string;
  readonly recorded?: Recorded | null;
  readonly failure?: Failure;
}

export function RunContext({ run, block, onRun, onContext }: RunContextProps) {
  const [typed, setTyped] = useState(run ?? '');
  const [shown, setShown] = useState(run);
  if (shown !== run) {
    setShown(run); // the address has changed, by the button or by going back
    setTyped(run ?? '');
  }
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    if (run === undefined) return;
    const stop = new AbortController();
    void load(RECORDED_RUN, { id: run }, true, stop.signal).then((answer) => {
      if (stop.signal.aborted || answer.kind === 'large') return;
      setFound(answer.kind === 'value' ? { run, recorded: answer.data.exportExecution as Recorded | null } : { run, failure: answer.failure });
    });
    return () => stop.abort();
  }, [run]);
  const current = found?.run === run ? found : undefined;
  const recorded = current?.recorded;
  const blocks = useMemo(() => (recorded ? blocksOf(recorded) : ['']), [recorded]);
  const context = useMemo(() => (recorded ? contextOf(recorded, block) : undefined), [recorded, block]);
  useEffect(() => onContext(context), [context, onContext]);

  return (
    <div className={style.run}>
      <div className={style.runRow}>
        <TextField
          label="Recorded run"
          value={typed}
          onChange={setTyped}
          placeholder="ex_…"
          hint="The id of an execution: the expression sees what its steps saw. Empty: an input of your own."
          problem={recorded === null ? 'There is no execution with this id.' : undefined}
          autoComplete="off"
        />
        <Button disabled={typed.trim() === (run ?? '')} onClick={() => onRun(typed.trim() === '' ? undefined : typed.trim(), undefined)}>
          Use it
        </Button>
      </div>
      {run !== undefined && current === undefined && <Loading rows={1} label="Loading the run" />}
      {current?.failure !== undefined && <FailureLine failure={current.failure} />}
      {recorded && leftOutOf(recorded) > 0 && (
        <p className={style.soft}>{counted(leftOutOf(recorded), 'value was', 'values were')} too large, and null here.</p>
      )}
      {blocks.length > 1 && (
        <SelectField
          label="Within"
          value={block}
          onChange={(chosen) => onRun(run, chosen)}
          choices={blocks.slice(0, MOST_BLOCKS).map((value) => ({ value, name: value === '' ? 'the workflow' : value }))}
        />
      )}
    </div>
  );
}
