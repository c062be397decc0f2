// Two runs beside each other: how each step ended, how long it took, and where its output differs.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { FailureNote, Loading } from '../../kit/Notes';
import { CheckField } from '../../kit/Field';
import { counted } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { shortId } from '../../kit/ids';
import { compareRuns } from '../../run/compareRuns';
import { readSelection } from '../../run/paths';
import { useRun } from '../../run/useRun';
import { ComparedSteps } from './ComparedSteps';
import { OneOfTwo } from './OneOfTwo';
import { StepOutputs } from './StepOutputs';
import style from './Compare.module.css';

export function Compare() {
  const { a = '', b = '' } = useParams({ strict: false });
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const before = useRun(a);
  const after = useRun(b);
  const [all, setAll] = useState(false);
  const steps = useMemo(() => compareRuns(before.run, after.run), [before.run, after.run]);
  const differing = useMemo(() => steps.filter(({ differs }) => differs), [steps]);
  const failure = before.failure ?? after.failure;
  const selected = readSelection(search)?.step ?? null;
  const title = `${shortId(a)} beside ${shortId(b)}`;
  const [first, second] = [before.run.execution, after.run.execution];
  if (failure !== undefined) {
    return (
      <Page heading="Two runs" title={title}>
        <FailureNote failure={failure} />
      </Page>
    );
  }
  if (first === null || second === null) {
    return (
      <Page heading="Two runs" title={title}>
        <Loading rows={12} />
      </Page>
    );
  }
  return (
    <Page
      heading="Two runs"
      title={title}
      note={
        differing.length === 0 ? 'Every step ended alike.' : `${counted(differing.length, 'step')} ended otherwise.`
      }
    >
      <div className={style.pair}>
        <OneOfTwo name="A" execution={first} />
        <OneOfTwo name="B" execution={second} />
      </div>
      <div className={style.options}>
        <CheckField label="Steps that ended alike, too" isChecked={all} onChange={setAll} />
      </div>
      <ComparedSteps
        steps={all ? steps : differing}
        selected={selected}
        onSelect={(step) => void navigate({ to: '.', search: () => ({ step }), replace: true, resetScroll: false })}
      />
      <StepOutputs a={a} b={b} step={selected} />
    </Page>
  );
}
