// Starts GraphiQL on the GraphQL endpoint beside this page.
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { CopyLink } from './CopyLink.jsx';
import { createFetcher } from './fetcher.js';
import { operationFromAddress } from './links.js';
import { starterTabs } from './starter.js';

const endpoint = new URL('../graphql', document.baseURI).href;
const liveness = new URL('../livez', document.baseURI).href;
const linked = operationFromAddress(window.location.href);

// With tabs of its own GraphiQL would ignore what the link asks for.
const opened = linked
  ? { initialQuery: linked.query, initialVariables: linked.variables }
  : { defaultTabs: starterTabs(liveness) };

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={createFetcher(endpoint)}
    plugins={[HISTORY_PLUGIN, explorerPlugin()]}
    defaultEditorToolsVisibility
    defaultQuery=""
    schemaDescription
    shouldPersistHeaders={false}
    {...opened}
  >
    <GraphiQL.Logo>
      <img className="stepgraph-mark" src="./favicon.svg" alt="" /> Stepgraph
    </GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <CopyLink />
        </>
      )}
    </GraphiQL.Toolbar>
  </GraphiQL>,
);
