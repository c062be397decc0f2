// A recorded run of the workflow: what expressions saw in it, for what is offered and for mocks.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Failure } from '../../api/failure';
import { useAsk } from '../../api/useAsk';
import type { EditorRunsQuery } from '../../graphql/graphql';
import { load } from '../../payload/load';
import { RECORDED, RUNS_TO_READ } from './queries';
import type { Recorded } from './scope';

export interface RecordedRuns {
  readonly runs: EditorRunsQuery['executions']['nodes'];
  readonly chosen: string;
  readonly choose: (id: string) => void;
  /** null where there is none, and until it is loaded. */
  readonly recorded: Recorded | null;
  /** True for a run whose outputs are too large to be loaded for this. */
  readonly isLarge: boolean;
  /** True for an id of no run, as an old address may have it. */
  readonly isMissing: boolean;
  /** Why the runs, or the chosen one, could not be read. */
  readonly failure: Failure | undefined;
}

interface Found {
  readonly of: string;
  readonly recorded: Recorded | null;
  readonly isLarge: boolean;
  readonly isMissing: boolean;
  readonly failure: Failure | undefined;
}

/** The newest run of a workflow that has ended, or the one that the address says. Of a new workflow there is none. */
export function useRecorded(name: string | null): RecordedRuns {
  const { data, failure } = useAsk(RUNS_TO_READ, { name: name ?? '' }, { pause: name === null });
  const wanted = useSearch({ strict: false }).run;
  const navigate = useNavigate();
  const [found, setFound] = useState<Found>();
  const runs = data?.executions.nodes ?? [];
  const chosen = name === null ? '' : (wanted ?? runs[0]?.id ?? '');
  useEffect(() => {
    if (chosen === '') return;
    const stop = new AbortController();
    void load(RECORDED, { id: chosen }, false, stop.signal).then((loaded) => {
      if (stop.signal.aborted) return;
      const execution = loaded.kind === 'value' ? loaded.data.execution : null;
      const recorded = execution && { input: execution.input, steps: execution.steps.nodes };
      const failed = loaded.kind === 'failed' ? loaded.failure : undefined;
      const isMissing = loaded.kind === 'value' && execution === null;
      setFound({ of: chosen, recorded, isLarge: loaded.kind === 'large', isMissing, failure: failed });
    });
    return () => stop.abort();
  }, [chosen]);
  const current = found?.of === chosen ? found : undefined;
  return {
    runs,
    chosen,
    choose: (run) => void navigate({ to: '.', search: { run }, replace: true, resetScroll: false }),
    recorded: current?.recorded ?? null,
    isLarge: current?.isLarge ?? false,
    isMissing: current?.isMissing ?? false,
    failure: failure ?? current?.failure,
  };
}
