// What can be wrong with an answer, as pages tell it: one sentence, its code, and what to do next.
import type { CombinedError } from 'urql';

export type FailureKind = 'forbidden' | 'unauthenticated' | 'disconnected' | 'refused';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The code of the API's error, such as INVALID_INPUT; null where it did not answer. */
  readonly code: string | null;
}

const KINDS: Readonly<Record<string, FailureKind>> = {
  FORBIDDEN: 'forbidden',
  UNAUTHENTICATED: 'unauthenticated',
};

export interface ReportedError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export function failureOf(error: CombinedError): Failure {
  const [reported] = error.graphQLErrors;
  if (reported !== undefined) return reportedFailure(reported);
  return {
    kind: 'disconnected',
    code: null,
    message: `The API does not answer${error.networkError ? ` (${error.networkError.message})` : ''}.`,
  };
}

export function reportedFailure(error: ReportedError): Failure {
  const code = typeof error.extensions?.code === 'string' ? error.extensions.code : null;
  return { kind: (code !== null && KINDS[code]) || 'refused', message: error.message, code };
}

/** A result of a mutation that is not a success: errors are data, with a message and a code. */
export interface ErrorResult {
  readonly __typename: string;
  readonly message?: string;
  readonly code?: string;
}

export function isErrorResult(result: ErrorResult): result is ErrorResult & { message: string; code: string } {
  return result.__typename.endsWith('Error') && typeof result.message === 'string';
}
