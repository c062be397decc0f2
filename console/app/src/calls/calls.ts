// A call of the API to copy: as GraphQL, as a command, and as curl.
import type { TypedDocumentString } from '../graphql/graphql';
import { toJson } from '../payload/values';
import { quoted } from '../run/curl';

export interface ApiCall {
  readonly document: TypedDocumentString<unknown, never>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The words of the command that does the same, without `stepgraph`. */
  readonly command: readonly string[];
}

/** The operation, and its variables as a comment for the pane beside it. */
export function asGraphql({ document, variables }: ApiCall): string {
  const lines = toJson(variables).split('\n');
  return `${laidOut(document.toString())}\n\n# Variables:\n${lines.map((line) => `# ${line}`).join('\n')}\n`;
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

/** A document a line a field, however it was written. */
function laidOut(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  let isArgument = false;
  let line = '';
  function flush(): void {
    if (line !== '') lines.push('  '.repeat(depth) + line);
    line = '';
  }
  for (const token of text.match(/\.{3}|[{}()]|[^\s{}().]+/g) ?? []) {
    if (token === '{') {
      line += ' {';
      flush();
      depth += 1;
    } else if (token === '}') {
      flush();
      depth -= 1;
      line = '}';
      flush();
    } else if (token === '(' || token === ')') {
      isArgument = token === '(';
      line += token;
    } else if (line === '...') line += token === 'on' ? ' on' : token;
    else if (isArgument || depth === 0 || /(?:^\.{3} on|:)$/.test(line)) line += /^$|\($/.test(line) ? token : ` ${token}`;
    else {
      flush();
      line = token;
    }
  }
  flush();
  return lines.join('\n');
}
