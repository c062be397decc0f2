// The outputs of one step in both runs, or what the runs began with, and where they differ.
import { useEffect, useState } from 'react';
import type { Failure } from '../../api/failure';
import { FailureLine } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { Difference } from '../../payload/Difference';
import { inputOfRun, outputOfStep } from '../../run/stepValues';

export interface StepOutputsProps {
  readonly a: string;
  readonly b: string;
  /** null for the inputs of the runs. */
  readonly step: string | null;
}

type Pair = { readonly before: unknown; readonly after: unknown } | { readonly failure: Failure } | 'large';

export function StepOutputs({ a, b, step }: StepOutputsProps) {
  const name = step === null ? 'Input' : `Output of ${step}`;
  const of = `${a} ${b} ${step ?? ''}`;
  const [found, setFound] = useState<{ readonly of: string; readonly pair: Pair }>();
  useEffect(() => {
    const stop = new AbortController();
    const load = (id: string) => (step === null ? inputOfRun(id) : outputOfStep(id, step))(false, stop.signal);
    void Promise.all([load(a), load(b)]).then(([before, after]) => {
      if (stop.signal.aborted) return;
      if (before.kind === 'failed') setFound({ of, pair: before });
      else if (after.kind === 'failed') setFound({ of, pair: after });
      else if (before.kind === 'large' || after.kind === 'large') setFound({ of, pair: 'large' });
      else setFound({ of, pair: { before: before.data, after: after.data } });
    });
    return () => stop.abort();
  }, [a, b, step, of]);
  const pair = found?.of === of ? found.pair : undefined;
  return (
    <Section heading={name}>
      {pair === 'large' && <p>They are larger than 256 kB: look at them in the runs themselves.</p>}
      {pair !== undefined && pair !== 'large' && 'failure' in pair && <FailureLine failure={pair.failure} />}
      {pair !== undefined && pair !== 'large' && 'before' in pair && (
        <Difference label={name} before={pair.before} after={pair.after} />
      )}
    </Section>
  );
}
