// The pages that a workflow is written on: a new one, and the next version of one that is there.
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { usePrincipal } from '../../api/principal';
import type { EditedWorkflowQuery } from '../../graphql/graphql';
import { Empty, FailureNote, Loading } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { load, type Loaded } from '../../payload/load';
import { EDITED } from './queries';
import { Workbench } from './Workbench';

const FIRST = `name: hello
description: Says hello.
steps:
  - id: greeting
    type: DATA_TRANSFORM
    config:
      expression: "'Hello, ' & (input.name ?? 'you')"
`;

export function NewWorkflow() {
  return (
    <Page heading="New workflow">
      <ForWriters>
        <Workbench stored={null} first={FIRST} />
      </ForWriters>
    </Page>
  );
}

/** The editor, for a role that may store what is written; else why there is none. */
function ForWriters({ children }: { readonly children: ReactNode }) {
  const principal = usePrincipal();
  if (principal === undefined) return <Loading />;
  if (!principal.deniedFields.includes('Mutation.applyWorkflow')) return children;
  const message = `A key with the role ${principal.role} may not write workflows.`;
  return <FailureNote failure={{ kind: 'forbidden', code: 'FORBIDDEN', message }} />;
}

export function EditWorkflow() {
  const { name = '' } = useParams({ strict: false });
  return <EditorOf key={name} name={name} />;
}

function EditorOf({ name }: { readonly name: string }) {
  const [loaded, setLoaded] = useState<Loaded<EditedWorkflowQuery>>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    void load(EDITED, { name }, true, stop.signal).then((found) => {
      if (!stop.signal.aborted) setLoaded(found);
    });
    return () => stop.abort();
  }, [name, tries]);
  const stored = loaded?.kind === 'value' ? loaded.data.workflow : undefined;
  return (
    <Page
      heading={`Edit ${name}`}
      note={
        stored && (
          <Link to="/workflows/$name" params={{ name }}>
            version {stored.version}
          </Link>
        )
      }
    >
      {stored ? (
        <ForWriters>
          <Workbench stored={stored} first={null} />
        </ForWriters>
      ) : loaded?.kind === 'failed' ? (
        <FailureNote failure={loaded.failure} again={() => setTries(tries + 1)} />
      ) : loaded === undefined ? (
        <Loading />
      ) : (
        <Empty title="There is no workflow with this name" action={<Link to="/workflows">All workflows</Link>}>
          It may have been deleted, or renamed.
        </Empty>
      )}
    </Page>
  );
}
