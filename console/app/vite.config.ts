// Builds the console into the folder that the API process serves at /: every script, style and font included.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { inlineDocuments } from './scripts/inlineDocuments';

const api = process.env.STEPGRAPH_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  // Relative addresses; the API process writes the page's own with the prefix under which it is known.
  base: './',
  plugins: [inlineDocuments(fileURLToPath(new URL('src/', import.meta.url)))],
  build: {
    outDir: '../../graphql_api/static/console',
    emptyOutDir: true,
    // The polyfill would be an inline script, and inlined files would be data: addresses; the policy forbids both.
    // Of pages that are opened later only styles are listed in the first one: the list would have every file of every page.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_file, files, { hostType }) =>
        hostType === 'html' ? files : files.filter((file) => file.endsWith('.css')),
    },
    assetsInlineLimit: 0,
    license: { fileName: 'third-party-licenses.md' },
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" in libraries is for servers that render React; here everything is client code.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 }, // for machines that do much else
  // `npm run dev` shows the console with a running API behind it.
  server: {
    proxy: { '/graphql': { target: api, ws: true }, '/graphiql': api },
  },
});
