// How many a bulk operation would concern, and ten of them, asked for anew a moment after something has changed.
import type { Failure } from '../../../api/failure';
import { askExactly } from '../../../api/useExactAct';
import { useSettled } from '../../../api/useSettled';
import type { BulkAnswerFragment } from '../../../graphql/graphql';
import { toJson } from '../../../payload/values';
import { BULKS, type BulkAction } from './operations';

export interface FoundPreview {
  readonly matched?: number;
  readonly sample?: Extract<BulkAnswerFragment, { __typename: 'BulkPreview' }>['sample'];
  readonly failure?: Failure;
}

/** undefined while it is asked for. `asked`: the variables, null for a form that is not filled in. */
export function usePreview(action: BulkAction, asked: object | null): FoundPreview | undefined {
  return useSettled<FoundPreview>(asked === null ? null : `${action} ${toJson(asked, 0)}`, async () => {
    const outcome = await askExactly(BULKS[action].document, { ...asked, dryRun: true } as never, (data) => data.answer);
    if ('failure' in outcome) return { failure: outcome.failure };
    return outcome.data.answer.__typename === 'BulkPreview' ? outcome.data.answer : null;
  });
}
