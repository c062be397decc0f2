// The request of a step as a command to copy. Secrets are masked in a step's input already, as `***`.
import { toJson } from '../payload/values';

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The body as it is sent; null where there is none. */
  readonly body: string | null;
  /** True where something is masked, and has to be put in before the command can work. */
  readonly isMasked: boolean;
}

const MASK = '***';

/** The call in a step's input `{method, url, query?, headers?, body?}`; null where it is none. */
export function callOf(input: unknown): Call | null {
  if (typeof input !== 'object' || input === null) return null;
  const { method, url, query, headers, body } = input as Record<string, unknown>;
  if (typeof url !== 'string') return null;
  const listed: [string, string][] = Object.entries(asRecord(headers)).map(([name, value]) => [name, String(value)]);
  let text: string | null = null;
  if (body !== undefined && body !== null) {
    text = typeof body === 'string' ? body : toJson(body, 0);
    const isTyped = listed.some(([name]) => name.toLowerCase() === 'content-type');
    if (!isTyped) listed.push(['content-type', typeof body === 'string' ? 'text/plain' : 'application/json']);
  }
  const address = withQuery(url, asRecord(query));
  const isMasked = [address, text ?? '', ...listed.map(([, value]) => value)].some((part) => part.includes(MASK));
  return { method: typeof method === 'string' ? method : 'GET', url: address, headers: listed, body: text, isMasked };
}

/** The command: one line an argument, each quoted for a POSIX shell. */
export function curlOf({ method, url, headers, body }: Call): string {
  const parts = [`curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(url)}`];
  for (const [name, value] of headers) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== null) parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

/** The text as one argument of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function withQuery(url: string, query: Record<string, unknown>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null ? [] : (Array.isArray(value) ? value : [value]).map((each) => [name, String(each)]),
  );
  if (pairs.length === 0) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(pairs).toString()}`;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
