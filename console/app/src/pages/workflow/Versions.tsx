// The versions of a workflow, and where the documents of two of them differ.
import { useState } from 'react';
import { useAsk } from '../../api/useAsk';
import { SelectField } from '../../kit/Field';
import { FailureLine, Loading } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { Difference } from '../../payload/Difference';
import { VERSION_DOCUMENT, type WorkflowFound } from './queries';
import style from './Workflow.module.css';

type Version = WorkflowFound['versions']['nodes'][number];

const COLUMNS: readonly Column<Version>[] = [
  { name: 'Version', cell: ({ version }) => `v${version}` },
  { name: 'Stored', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { name: 'Note', cell: ({ note }) => note !== null && <bdi>{note}</bdi>, grows: true },
];

export function Versions({ workflow }: { readonly workflow: WorkflowFound }) {
  const versions = workflow.versions.nodes;
  return (
    <>
      <Section heading="Versions">
        <Table label="Versions" columns={COLUMNS} items={versions} keyOf={({ id }) => id} />
        {workflow.versions.pageInfo.hasNextPage && <p>These are the newest 50. All: stepgraph workflows versions {workflow.name}</p>}
      </Section>
      {versions.length > 1 && <Compared key={workflow.version} versions={versions} />}
    </>
  );
}

function Compared({ versions }: { readonly versions: readonly Version[] }) {
  const [before, setBefore] = useState(versions[1]?.id ?? '');
  const [after, setAfter] = useState(versions[0]?.id ?? '');
  const older = useAsk(VERSION_DOCUMENT, { id: before });
  const newer = useAsk(VERSION_DOCUMENT, { id: after });
  const choices = versions.map(({ id, version }) => ({ value: id, name: `v${version}` }));
  const failure = older.failure ?? newer.failure;
  const [left, right] = [documentOf(older.data?.node), documentOf(newer.data?.node)];
  return (
    <Section heading="What has changed">
      <div className={style.two}>
        <SelectField label="From" value={before} onChange={setBefore} choices={choices} />
        <SelectField label="To" value={after} onChange={setAfter} choices={choices} />
      </div>
      {failure !== undefined && <FailureLine failure={failure} />}
      {left === undefined || right === undefined ? (
        failure === undefined && <Loading rows={3} />
      ) : (
        <Difference label="Difference of the two versions" before={left} after={right} />
      )}
    </Section>
  );
}

function documentOf(node: object | null | undefined): unknown {
  return node && 'document' in node ? node.document : undefined;
}
