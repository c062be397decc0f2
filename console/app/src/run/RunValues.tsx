// What the run began with, what it gave, and what it failed with: beside its steps as long as none is selected.
import { LoadedPayload } from '../payload/LoadedPayload';
import { Text } from '../payload/Text';
import { hintFor } from './hints';
import { runHasEnded, type RunExecution } from './model';
import { Part } from './Parts';
import type { RunSource } from './source';
import style from './Inspector.module.css';

export function RunValues({ execution, source }: { readonly execution: RunExecution; readonly source: RunSource }) {
  const { id, error, status, sizes } = execution;
  return (
    <section className={style.inspector} aria-label="The run">
      <h2 className="unseen">The run</h2>
      <p className={style.soft}>Select a step to see its request, its response and its attempts.</p>
      {error !== null && (
        <Part name="Error">
          <p className={style.message}>
            <code className={style.code}>{error.code}</code> <Text text={error.message} />
          </p>
          {hintFor(error.code) !== null && <p className={style.soft}>{hintFor(error.code)}</p>}
        </Part>
      )}
      <Part name="Input">
        <LoadedPayload
          label="Input of the run"
          expression="input"
          from={`input ${id}`}
          load={source.input}
          size={sizes.input}
          none="It began without any."
        />
      </Part>
      {runHasEnded(status) && (
        <Part name="Output">
          <LoadedPayload
            label="Output of the run"
            expression={null}
            from={`output ${id}`}
            load={source.output}
            size={sizes.output}
            none="It gave none."
          />
        </Part>
      )}
    </section>
  );
}
