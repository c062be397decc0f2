// What came of a test: how it ended, its steps with what went into them and came out, and what would have been called.
import { useMemo, useState } from 'react';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { useNow } from '../../kit/useNow';
import { outputOf } from '../../payload/expression';
import { Payload } from '../../payload/Payload';
import { placesOf } from '../../run/document';
import type { Selection } from '../../run/paths';
import { openAtFirst, rowsOf } from '../../run/rows';
import { StepTable } from '../../run/StepTable';
import { treeOf } from '../../run/tree';
import { stepFrom } from '../../run/wire';
import type { Tested } from './TestRun';
import style from './Editor.module.css';

type Call = Tested['calls'][number];

const CALLS: readonly Column<Call>[] = [
  { name: 'Step', cell: ({ path }) => <bdi>{path}</bdi> },
  { name: 'Attempt', cell: ({ attempt }) => attempt, align: 'end' },
  { name: 'Answered by', cell: ({ mock }) => (mock === null ? 'no mock' : <bdi>{mock}</bdi>), grows: true },
];

export function TestedRun({ tested, document }: { readonly tested: Tested; readonly document: unknown }) {
  const { problems, execution, calls, unusedMocks } = tested;
  const now = useNow();
  const [selection, setSelection] = useState<Selection | null>(null);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const tree = useMemo(() => treeOf((execution?.steps.nodes ?? []).map(stepFrom), placesOf(document)), [execution, document]);
  const rows = useMemo(() => {
    const open = openAtFirst(tree);
    for (const path of toggled) if (!open.delete(path)) open.add(path);
    return rowsOf(tree, open);
  }, [tree, toggled]);
  const step = execution?.steps.nodes.find(({ path }) => path === selection?.step);
  if (execution === null) {
    return (
      <ul aria-label="Problems of the test" role="alert">
        {problems.map(({ path, message, hint }, index) => (
          <li key={index} className={style.problem}>
            <code>{path.join('.')}</code> <bdi>{message}</bdi> {hint !== null && <bdi className={style.hint}>{hint}</bdi>}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className={style.tested}>
      <p role="status">
        <Status status={execution.status} />
        {execution.error !== null && (
          <bdi>
            {' '}
            {execution.error.path} {execution.error.code} · {execution.error.message}
          </bdi>
        )}
      </p>
      {unusedMocks.length > 0 && <p>No step has met the mocks {unusedMocks.join(', ')}.</p>}
      <div className={style.fields}>
        <div className={style.steps}>
          <StepTable
            {...{ rows, selection, now }}
            onSelect={setSelection}
            onToggle={(path) => setToggled(toggledIn(toggled, path))}
          />
        </div>
        <div className={style.values}>
          {step === undefined ? (
            <>
              <h3>Output</h3>
              <Payload key={execution.id} label="Output of the test" value={execution.output} expression={null} />
            </>
          ) : (
            <>
              <h3>Input of {step.path}</h3>
              <Payload key={`${step.path} in`} label={`Input of ${step.path}`} value={step.input} expression={null} />
              <h3>Output of {step.path}</h3>
              <Payload key={`${step.path} out`} label={`Output of ${step.path}`} value={step.output} expression={outputOf(step.stepId)} />
            </>
          )}
        </div>
      </div>
      {calls.length > 0 && (
        <Table label="What would have been called" columns={CALLS} items={calls} keyOf={({ path, attempt }) => `${path} ${attempt}`} />
      )}
    </div>
  );
}

function toggledIn(toggled: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const next = new Set(toggled);
  if (!next.delete(path)) next.add(path);
  return next;
}
