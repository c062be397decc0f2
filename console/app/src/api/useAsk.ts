// A query as a page uses it: what there is, whether it is still asked for, and what went wrong.
import { useEffect } from 'react';
import { useQuery, type AnyVariables, type UseQueryExecute } from 'urql';
import type { TypedDocumentString } from '../graphql/graphql';
import { failureOf, type Failure } from './failure';

export interface Asked<Data> {
  /** The newest answer; the one before while another is on its way. */
  readonly data: Data | undefined;
  readonly failure: Failure | undefined;
  readonly isLoading: boolean;
  /** True while the answer shown is not yet the one that was asked for last. */
  readonly isStale: boolean;
  readonly again: UseQueryExecute;
}

export interface AskOptions {
  readonly pause?: boolean;
  /** Milliseconds after which it is asked again, as long as the page can be seen. */
  readonly every?: number;
}

export function useAsk<Data, Variables extends AnyVariables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  { pause = false, every }: AskOptions = {},
): Asked<Data> {
  const [{ data, error, fetching, stale }, again] = useQuery<Data>({
    query: document.toString(),
    variables,
    pause,
  });
  useEffect(() => {
    if (every === undefined || pause) return;
    const timer = setInterval(() => {
      if (!window.document.hidden) again({ requestPolicy: 'network-only' });
    }, every);
    return () => clearInterval(timer);
  }, [every, pause, again]);
  return {
    data,
    failure: error === undefined ? undefined : failureOf(error),
    isLoading: fetching && data === undefined,
    isStale: stale || fetching,
    again,
  };
}
