// Puts each GraphQL document into the module that asks for it, as text: the generated map would load all with the first page.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type ASTNode, type DocumentNode, type FragmentDefinitionNode, Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { Plugin } from 'vite';

const CALL = /\bgraphql\(\s*`([^`]*)`\s*,?\s*\)/g;
const IMPORT = /^import \{ graphql \} from '[./]+\/graphql';$/m;

/** `source`: the folder of the console's modules; `graphql` in them takes one literal text each. */
export function inlineDocuments(source: string): Plugin {
  let fragments: Fragments;
  return {
    name: 'inline-documents',
    enforce: 'pre',
    buildStart() {
      fragments = fragmentsIn(source);
    },
    transform(code, id) {
      const [file = id] = id.split('?');
      if (!/\.tsx?$/.test(file) || !file.startsWith(source.replaceAll(sep, '/')) || !IMPORT.test(code)) return;
      const inlined = code
        .replace(CALL, (_, text: string) => JSON.stringify(stripIgnoredCharacters(whole(parse(text), fragments))))
        .replace(IMPORT, ''); // an empty line in its place: all others keep their numbers
      return { code: inlined, map: null };
    },
  };
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

function fragmentsIn(source: string): Fragments {
  const found: FragmentDefinitionNode[] = [];
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const texts = readFileSync(join(entry.parentPath, entry.name), 'utf8').matchAll(CALL);
    for (const [, text = ''] of texts) found.push(...fragmentsOf(parse(text)));
  }
  return new Map(found.map((fragment) => [fragment.name.value, fragment]));
}

function fragmentsOf(document: DocumentNode): readonly FragmentDefinitionNode[] {
  return document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
}

/** The text of a document with all fragments that it needs, each of them once. */
function whole(document: DocumentNode, fragments: Fragments): string {
  const own = new Set(fragmentsOf(document).map(({ name }) => name.value));
  const parts = new Set<ASTNode>([document]);
  for (const part of parts) {
    visit(part, {
      FragmentSpread({ name: { value } }) {
        const fragment = fragments.get(value);
        if (fragment !== undefined && !own.has(value)) parts.add(fragment);
      },
    });
  }
  return [...parts].map(print).join('\n');
}
