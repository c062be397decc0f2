// A mutation as a page uses it: run it, and hear of its failure as a value, whichever way it came.
import { useState } from 'react';
import { useMutation, type AnyVariables } from 'urql';
import type { TypedDocumentString } from '../graphql/graphql';
import { sending } from './client';
import { failureOf, isErrorResult, type ErrorResult, type Failure } from './failure';

export type Outcome<Data> = { readonly data: Data } | { readonly failure: Failure };

export interface Act<Data, Variables> {
  readonly run: (variables: Variables) => Promise<Outcome<Data>>;
  readonly isRunning: boolean;
  readonly failure: Failure | undefined;
  readonly forget: () => void;
}

/** `result` finds the mutation's result in its data, which may be one of the errors of its union. */
export function useAct<Data, Variables extends AnyVariables>(
  document: TypedDocumentString<Data, Variables>,
  result: (data: Data) => ErrorResult,
): Act<Data, Variables> {
  const [{ fetching }, execute] = useMutation<Data>(document.toString());
  const [failure, setFailure] = useState<Failure>();
  async function run(variables: Variables): Promise<Outcome<Data>> {
    const { data, error } = await execute(variables, { fetch: sending(variables) });
    if (error !== undefined || data === undefined) {
      const found: Failure =
        error === undefined ? { kind: 'refused', code: null, message: 'The API answered with nothing.' } : failureOf(error);
      setFailure(found);
      return { failure: found };
    }
    const answer = result(data);
    if (isErrorResult(answer)) {
      const { code, message, problems } = answer;
      const found: Failure = { kind: 'refused', code, message, ...(problems !== undefined && { problems }) };
      setFailure(found);
      return { failure: found };
    }
    setFailure(undefined);
    return { data };
  }
  return { run, isRunning: fetching, failure, forget: () => setFailure(undefined) };
}
