// A call of the API to copy: as GraphQL, as a command, and as curl.
import type { TypedDocumentString } from '../../../graphql/graphql';
import { toJson } from '../../../payload/values';
import { quoted } from '../../../run/curl';

export interface ApiCall {
  readonly document: TypedDocumentString<unknown, never>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The words of the command that does the same, without `stepgraph`. */
  readonly command: readonly string[];
}

/** The operation, and its variables as a comment for the pane beside it. */
export function asGraphql({ document, variables }: ApiCall): string {
  const lines = toJson(variables).split('\n');
  return `${unindented(document.toString())}\n\n# Variables:\n${lines.map((line) => `# ${line}`).join('\n')}\n`;
}

export function asCommand({ command }: ApiCall): string {
  return ['stepgraph', ...command].map((word) => (/^[\w.@:/=-]+$/.test(word) ? word : quoted(word))).join(' ');
}

/** `address` is that of the endpoint; a key is taken from STEPGRAPH_TOKEN, and never copied. */
export function asCurl({ document, variables }: ApiCall, address: string, needsKey: boolean): string {
  const body = toJson({ query: document.toString().replace(/\s+/g, ' ').trim(), variables }, 0);
  const parts = [
    `curl ${quoted(address)}`,
    "-H 'content-type: application/json'",
    ...(needsKey ? ['-H "authorization: Bearer $STEPGRAPH_TOKEN"'] : []),
    `--data-raw ${quoted(body)}`,
  ];
  return parts.join(' \\\n  ');
}

function unindented(text: string): string {
  const lines = text.replace(/^\s*\n|\s+$/g, '').split('\n');
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(margin)).join('\n');
}
