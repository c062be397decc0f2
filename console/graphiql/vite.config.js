// Builds GraphiQL into the folder that the API process serves as /graphiql: every script, style, font and worker included.
import { defineConfig } from 'vite';

const api = process.env.STEPGRAPH_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  // Relative addresses, so that the page also works behind a proxy that adds a path prefix.
  base: './',
  worker: { format: 'es' },
  build: {
    outDir: '../../graphql_api/static/graphiql',
    emptyOutDir: true,
    // The polyfill would be an inline script, which the content security policy forbids.
    modulePreload: { polyfill: false },
    license: { fileName: 'third-party-licenses.md' },
    // Monaco is large by nature; there is nothing to warn about.
    chunkSizeWarningLimit: 8000,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" in libraries is for servers that render React; here everything is client code.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  // `npm run dev` shows the page with a running API behind it.
  server: { proxy: { '/graphql': { target: api, ws: true } } },
});
