// What can be wrong with an answer, as pages tell it: one sentence, its code, and what to do next.
import type { CombinedError } from 'urql';

export type FailureKind = 'forbidden' | 'unauthenticated' | 'disconnected' | 'refused';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The code of the API's error, such as INVALID_INPUT; null where it did not answer. */
  readonly code: string | null;
  /** What is wrong with the input, each at its place. */
  readonly problems?: readonly InputProblem[];
}

export interface InputProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string | null;
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
  if (reported !== undefined) {
    const problems = error.graphQLErrors.flatMap(problemsOf);
    return problems.length === 0 ? reportedFailure(reported) : { ...reportedFailure(reported), problems };
  }
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

/** Problems of a variable's value; those of `input` with their places inside of it, as results of mutations have them. */
function problemsOf({ extensions }: ReportedError): readonly InputProblem[] {
  const problems = Array.isArray(extensions?.problems) ? (extensions.problems as readonly InputProblem[]) : [];
  return problems.map((problem) => {
    const [first, ...rest] = problem.path;
    return first === 'input' && extensions?.variable === 'input' && rest.length > 0 ? { ...problem, path: rest } : problem;
  });
}

/** What is wrong with one input, for its field; undefined where nothing is. */
export function problemAt(failure: Failure | undefined, ...path: readonly string[]): string | undefined {
  const found = failure?.problems?.filter((problem) => isWithin(problem, path)) ?? [];
  if (found.length === 0) return undefined;
  return found
    .map(({ path: place, message, hint }) => {
      const rest = place.slice(path.length).join('.');
      return [rest === '' ? message : `${rest}: ${message}`, hint].filter(Boolean).join(' ');
    })
    .join('\n');
}

/** The problems that none of these inputs' fields tell. */
export function problemsBeside(failure: Failure, fields: readonly string[]): readonly InputProblem[] {
  return (failure.problems ?? []).filter((problem) => !fields.some((field) => isWithin(problem, [field])));
}

function isWithin({ path }: InputProblem, place: readonly string[]): boolean {
  return place.every((part, index) => path[index] === part);
}

/** A result of a mutation that is not a success: errors are data, with a message and a code. */
export interface ErrorResult {
  readonly __typename: string;
  readonly message?: string;
  readonly code?: string;
  readonly problems?: readonly InputProblem[];
}

export function isErrorResult(result: ErrorResult): result is ErrorResult & { message: string; code: string } {
  return result.__typename.endsWith('Error') && typeof result.message === 'string';
}
