// A mutation whose variables hold JSON that somebody has typed: integers go out with all their digits.
import { useState } from 'react';
import type { TypedDocumentString } from '../graphql/graphql';
import { load } from '../payload/load';
import { isErrorResult, type ErrorResult, type Failure } from './failure';
import type { Act, Outcome } from './useAct';

/** As `useAct`. Members of `variables` that are not given are to be left out, not undefined. */
export function useExactAct<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  result: (data: Data) => ErrorResult,
): Act<Data, Variables> {
  const [isRunning, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  async function run(variables: Variables): Promise<Outcome<Data>> {
    setRunning(true);
    const outcome = await askExactly(document, variables, result);
    setRunning(false);
    setFailure('failure' in outcome ? outcome.failure : undefined);
    return outcome;
  }
  return { run, isRunning, failure, forget: () => setFailure(undefined) };
}

/** One answer; an error among its results is a failure. */
export async function askExactly<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  result: (data: Data) => ErrorResult,
): Promise<Outcome<Data>> {
  const loaded = await load(document, variables, true, new AbortController().signal);
  if (loaded.kind === 'failed') return { failure: loaded.failure };
  if (loaded.kind === 'large') throw new Error('What was asked for is never too large.');
  const answer = result(loaded.data);
  if (!isErrorResult(answer)) return { data: loaded.data };
  const { code, message, problems } = answer;
  return { failure: { kind: 'refused', code, message, ...(problems !== undefined && { problems }) } };
}
