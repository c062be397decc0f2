// An answer whose large integers keep all their digits: for what is edited and sent back.
import { useCallback, useEffect, useState } from 'react';
import type { Failure } from '../api/failure';
import type { TypedDocumentString } from '../graphql/graphql';
import { load } from './load';

export interface LoadedAnswer<Data> {
  readonly data: Data | undefined;
  readonly failure: Failure | undefined;
  readonly again: () => void;
}

export function useLoaded<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): LoadedAnswer<Data> {
  const [answer, setAnswer] = useState<{ readonly data?: Data; readonly failure?: Failure }>({});
  const [time, setTime] = useState(0);
  const key = JSON.stringify(variables);
  useEffect(() => {
    const stop = new AbortController();
    void load(document, JSON.parse(key) as Variables, true, stop.signal).then((loaded) => {
      if (stop.signal.aborted) return;
      if (loaded.kind === 'value') setAnswer({ data: loaded.data });
      else if (loaded.kind === 'failed') setAnswer((before) => ({ ...before, failure: loaded.failure }));
    });
    return () => stop.abort();
  }, [document, key, time]);
  const again = useCallback(() => setTime((before) => before + 1), []);
  return { data: answer.data, failure: answer.failure, again };
}
