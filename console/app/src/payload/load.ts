// Loads one payload, and stops before it has become large: nobody gets megabytes who has not asked for them.
import { ENDPOINT } from '../api/endpoint';
import { reportedFailure, type Failure, type ReportedError } from '../api/failure';
import { credentials } from '../api/session';
import type { TypedDocumentString } from '../graphql/graphql';
import { LARGEST_UNASKED } from './text';
import { fromJson, toJson } from './values';

export type Loaded<Data> =
  | { readonly kind: 'value'; readonly data: Data; readonly bytes: number }
  /** It is larger than what is loaded unasked; `bytes` is null where the server does not say how large. */
  | { readonly kind: 'large'; readonly bytes: number | null }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The answer to a query, its large integers with all their digits. `isAsked`: of whatever size it is. */
export async function load<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  isAsked: boolean,
  signal: AbortSignal,
): Promise<Loaded<Data>> {
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort());
  const answer = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credentials() },
    body: toJson({ query: document.toString(), variables }, 0),
    signal: stop.signal,
  }).catch((problem: unknown) => problem);
  if (!(answer instanceof Response)) return { kind: 'failed', failure: disconnected(answer) };
  const text = await textWithin(answer, isAsked ? Infinity : LARGEST_UNASKED).catch((problem: unknown) => ({
    problem,
  }));
  if (text === null) {
    stop.abort();
    const length = answer.headers.get('content-encoding') === null ? Number(answer.headers.get('content-length')) : 0;
    return { kind: 'large', bytes: length > 0 ? length : null };
  }
  if (typeof text !== 'string') return { kind: 'failed', failure: disconnected(text.problem) };
  return read(text);
}

function read<Data>(text: string): Loaded<Data> {
  try {
    const { data, errors } = fromJson(text) as { data?: Data | null; errors?: readonly ReportedError[] };
    const [error] = errors ?? [];
    if (error !== undefined) return { kind: 'failed', failure: reportedFailure(error) };
    if (data) return { kind: 'value', data, bytes: text.length };
  } catch {
    // what is no JSON is no answer
  }
  return {
    kind: 'failed',
    failure: { kind: 'refused', code: null, message: 'The API answered with something else than JSON.' },
  };
}

/** The text of an answer; null as soon as it is longer than `most` bytes. */
async function textWithin(answer: Response, most: number): Promise<string | null> {
  if (Number(answer.headers.get('content-length')) > most) return null;
  if (answer.body === null || most === Infinity) return answer.text();
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > most) return null;
    text += decoder.decode(value, { stream: true });
  }
}

function disconnected(problem: unknown): Failure {
  return { kind: 'disconnected', code: null, message: `The API does not answer (${String(problem)}).` };
}
