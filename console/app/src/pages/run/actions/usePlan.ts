// The plan of a retry, asked for anew a moment after what is asked for has changed.
import { useEffect, useState } from 'react';
import type { Failure } from '../../../api/failure';
import { askExactly } from '../../../api/useExactAct';
import type { RetryExecutionInput } from '../../../graphql/graphql';
import { toJson } from '../../../payload/values';
import { PLAN } from './mutations';
import type { Plan } from './retry';

const PAUSE = 300; // ms

export interface FoundPlan {
  readonly plan?: Plan;
  readonly failure?: Failure;
}

/** undefined while it is asked for; null for a retry that cannot be asked for has none. */
export function usePlan(id: string, input: Partial<RetryExecutionInput> | null): FoundPlan | undefined {
  const [found, setFound] = useState<FoundPlan & { readonly of: string }>();
  const asked = input === null ? null : toJson(input, 0);
  useEffect(() => {
    if (input === null || asked === null) return;
    let isStopped = false;
    const timer = setTimeout(() => {
      void askExactly(PLAN, { id, input: input }, (data) => data.planRetry).then((outcome) => {
        if (isStopped) return;
        if ('failure' in outcome) setFound({ of: asked, failure: outcome.failure });
        else if (outcome.data.planRetry.__typename === 'RetryPlan') setFound({ of: asked, plan: outcome.data.planRetry });
      });
    }, PAUSE);
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `asked` is the text of `input`
  }, [id, asked]);
  return found?.of === asked ? found : undefined;
}
