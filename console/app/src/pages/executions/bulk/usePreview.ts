// How many a bulk operation would concern, and ten of them, asked for anew a moment after something has changed.
import { useEffect, useState } from 'react';
import type { Failure } from '../../../api/failure';
import { askExactly } from '../../../api/useExactAct';
import type { BulkAnswerFragment } from '../../../graphql/graphql';
import { toJson } from '../../../payload/values';
import { BULKS, type BulkAction } from './operations';

const PAUSE = 250; // ms

export interface FoundPreview {
  readonly matched?: number;
  readonly sample?: Extract<BulkAnswerFragment, { __typename: 'BulkPreview' }>['sample'];
  readonly failure?: Failure;
}

/** undefined while it is asked for. `asked`: the variables, null for a form that is not filled in. */
export function usePreview(action: BulkAction, asked: object | null): FoundPreview | undefined {
  const [found, setFound] = useState<FoundPreview & { readonly of: string }>();
  const of = asked === null ? null : `${action} ${toJson(asked, 0)}`;
  useEffect(() => {
    if (of === null) return;
    let isStopped = false;
    const timer = setTimeout(() => {
      void askExactly(BULKS[action].document, { ...asked, dryRun: true } as never, (data) => data.answer).then((outcome) => {
        if (isStopped) return;
        if ('failure' in outcome) setFound({ of, failure: outcome.failure });
        else if (outcome.data.answer.__typename === 'BulkPreview') setFound({ of, ...outcome.data.answer });
      });
    }, PAUSE);
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `of` is the text of what is asked
  }, [of]);
  return found?.of === of ? found : undefined;
}
