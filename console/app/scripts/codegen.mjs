// Writes src/graphql/ anew: the types of every document in src/, checked against the schema that the API exports.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { gqlPluckFromCodeStringSync } from '@graphql-tools/graphql-tag-pluck';
import { buildSchema, parse, validate } from 'graphql';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'src/graphql/');
const sdl = readFileSync(join(root, '../../graphql_api/schema.graphql'), 'utf8');
const schemaAst = buildSchema(sdl);

const documents = documentsIn(join(root, 'src'));
const errors = validate(schemaAst, {
  kind: 'Document',
  definitions: documents.flatMap(({ document }) => document.definitions),
});
if (errors.length > 0) {
  for (const error of errors) console.error(`${error.message}\n${error.nodes?.[0]?.loc?.source.name ?? ''}`);
  process.exit(1);
}

const files = await preset.buildGeneratesSection({
  baseOutputDir: target,
  documents,
  schema: parse(sdl),
  schemaAst,
  plugins: [],
  pluginMap: {},
  presetConfig: { fragmentMasking: false },
  config: {
    documentMode: 'string',
    enumType: 'string-literal',
    useTypeImports: true,
    scalars: { DateTime: 'string', Duration: 'string', Expression: 'string', JSON: 'unknown' },
    strictScalars: true,
  },
});
mkdirSync(target, { recursive: true });
await Promise.all(
  files.map(async (file) => {
    const text = await codegen(file);
    // Unchanged files stay as they are, so that what watches them does not build for nothing.
    if (!existsSync(file.filename) || readFileSync(file.filename, 'utf8') !== text) writeFileSync(file.filename, text);
  }),
);

function documentsIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\./.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(target))
    .sort()
    .flatMap((path) =>
      gqlPluckFromCodeStringSync(path, readFileSync(path, 'utf8'), {
        skipIndent: true,
        globalGqlIdentifierName: ['graphql'],
      }).map((source) => ({ location: path, rawSDL: source.body, document: parse(source) })),
    );
}
