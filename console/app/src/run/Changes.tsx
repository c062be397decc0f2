// What a service said at one attempt beside what it said at another.
import { useEffect, useState } from 'react';
import { Button } from '../kit/Button';
import { FailureLine } from '../kit/Notes';
import type { Failure } from '../api/failure';
import { Difference } from '../payload/Difference';
import type { Loaded } from '../payload/load';
import { Part } from './Parts';
import type { RunStep } from './model';
import type { RunSource } from './source';

export interface ChangesProps {
  readonly source: RunSource;
  readonly step: RunStep;
  readonly attempt: number;
}

export function Changes({ source, step, attempt }: ChangesProps) {
  const [isOpen, setOpen] = useState(false);
  const before = step.attempts[step.attempts.findIndex(({ number }) => number === attempt) - 1];
  if (before === undefined) return null;
  return isOpen ? (
    <Part name={`Attempt ${attempt} beside attempt ${before.number}`}>
      <Compared key={`${step.path}${attempt}`} source={source} step={step} before={before.number} after={attempt} />
    </Part>
  ) : (
    <Button kind="quiet" onClick={() => setOpen(true)}>
      Compare with attempt {before.number}
    </Button>
  );
}

interface Pair {
  readonly before: unknown;
  readonly after: unknown;
}

function Compared({
  source,
  step,
  before,
  after,
}: {
  readonly source: RunSource;
  readonly step: RunStep;
  readonly before: number;
  readonly after: number;
}) {
  const [pair, setPair] = useState<Pair | { readonly failure: Failure }>();
  useEffect(() => {
    const stop = new AbortController();
    const answer = (attempt: number): Promise<Loaded<unknown>> => {
      const failed = step.attempts.find(({ number }) => number === attempt)?.error != null;
      return (failed ? source.detailsOf(step.path, attempt) : source.outputOf(step.path))(true, stop.signal);
    };
    void Promise.all([answer(before), answer(after)]).then(([one, other]) => {
      if (stop.signal.aborted) return;
      if (one.kind === 'failed') setPair({ failure: one.failure });
      else if (other.kind === 'failed') setPair({ failure: other.failure });
      else if (one.kind === 'value' && other.kind === 'value') setPair({ before: one.data, after: other.data });
    });
    return () => stop.abort();
  }, [source, step, before, after]);
  if (pair === undefined) return null;
  if ('failure' in pair) return <FailureLine failure={pair.failure} />;
  return <Difference label={`Attempt ${before} and attempt ${after}`} before={pair.before} after={pair.after} />;
}
