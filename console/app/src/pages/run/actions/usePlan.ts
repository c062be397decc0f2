// The plan of a retry, asked for anew a moment after what is asked for has changed.
import type { Failure } from '../../../api/failure';
import { askExactly } from '../../../api/useExactAct';
import { useSettled } from '../../../api/useSettled';
import type { RetryExecutionInput } from '../../../graphql/graphql';
import { toJson } from '../../../payload/values';
import { PLAN } from './mutations';
import type { Plan } from './retry';

export interface FoundPlan {
  readonly plan?: Plan;
  readonly failure?: Failure;
}

/** undefined while it is asked for, and for a retry that cannot be asked for, whose `input` is null. */
export function usePlan(id: string, input: Partial<RetryExecutionInput> | null): FoundPlan | undefined {
  return useSettled<FoundPlan>(input === null ? null : `${id} ${toJson(input, 0)}`, async () => {
    const outcome = await askExactly(PLAN, { id, input: input ?? {} }, (data) => data.planRetry);
    if ('failure' in outcome) return { failure: outcome.failure };
    return outcome.data.planRetry.__typename === 'RetryPlan' ? { plan: outcome.data.planRetry } : null;
  });
}
