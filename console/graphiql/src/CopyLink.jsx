// The toolbar button that copies a link to the operation in the editor.
import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { addressOfOperation } from './links.js';

const CONFIRMATION_MS = 2000;
const CHAIN =
  'M6.5 9.5l3-3M7 4.5l1.2-1.2a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5l-1.2 1.2a3 3 0 0 1-4.3-4.3L4.7 7.2';
const CHECK = 'M3 8.5l3.5 3.5L13 4.5';

export function CopyLink() {
  const { queryEditor, variableEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));
  const [outcome, setOutcome] = useState(null);

  useEffect(() => {
    if (outcome === null) return undefined;
    const timer = setTimeout(() => setOutcome(null), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    const link = addressOfOperation(window.location.href, {
      query: queryEditor?.getValue() ?? '',
      variables: variableEditor?.getValue(),
    });
    // The clipboard is missing outside HTTPS and localhost; the address bar takes the link everywhere.
    window.history.replaceState(null, '', link);
    const copied = await (navigator.clipboard?.writeText(link) ?? Promise.reject()).then(
      () => true,
      () => false,
    );
    setOutcome(copied ? 'Link copied' : 'The link is in the address bar');
  }

  return (
    <ToolbarButton onClick={copy} label={outcome ?? 'Copy a link to this operation'}>
      <svg className="graphiql-toolbar-icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={outcome ? CHECK : CHAIN} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
      </svg>
    </ToolbarButton>
  );
}
