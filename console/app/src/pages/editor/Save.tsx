// Stores the document: what is different first, then as a new version, or as a draft that cannot be started yet.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '../../api/useAct';
import type { EditedWorkflowQuery, WorkflowStatus } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { TextField } from '../../kit/Field';
import { FailureLine } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { Difference } from '../../payload/Difference';
import { SAVE } from './queries';
import style from './Editor.module.css';

export type Stored = NonNullable<EditedWorkflowQuery['workflow']>;

export interface SaveProps {
  readonly document: unknown;
  /** The workflow as it was when editing began; null for a new one. */
  readonly stored: Stored | null;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

export function Save({ document, stored, onSaved, onClose }: SaveProps) {
  const navigate = useNavigate();
  const [note, setNote] = useState('');
  const save = useAct(SAVE, (data) => data.applyWorkflow);
  const name = nameIn(document);
  const isOther = stored !== null && name !== stored.name;
  const known = isOther ? null : stored;
  const isDraft = known?.status === 'DRAFT';

  async function go(status: WorkflowStatus | null): Promise<void> {
    const outcome = await save.run({ document, note: note || null, status, expectedVersion: known?.version ?? 0 });
    if (!('data' in outcome) || outcome.data.applyWorkflow.__typename !== 'Workflow') return;
    onSaved();
    await navigate({ to: '/workflows/$name', params: { name: outcome.data.applyWorkflow.name } });
  }

  return (
    <Section heading="Save">
      {known !== null && <Difference label={`What is different from version ${known.version}`} before={known.document} after={document} />}
      {isOther && (
        <p>
          The document has another name than <bdi>{stored.name}</bdi>: it becomes a workflow of its own.
        </p>
      )}
      <div className={style.note}>
        <TextField label="Note" hint="It is stored with the version" value={note} onChange={setNote} autoComplete="off" />
      </div>
      {save.failure !== undefined && <FailureLine failure={save.failure} />}
      <div className={style.buttons}>
        <Button kind="primary" disabled={save.isRunning} onClick={() => void go(isDraft ? 'ACTIVE' : null)}>
          {known === null ? 'Save it' : isDraft ? 'Save and activate' : `Save version ${known.version + 1}`}
        </Button>
        <Button disabled={save.isRunning} onClick={() => void go('DRAFT')}>
          Save as draft
        </Button>
        <Button kind="quiet" onClick={onClose}>
          Close
        </Button>
        {known !== null && !isDraft && <span className={style.soft}>A draft cannot be started until it is activated.</span>}
      </div>
    </Section>
  );
}

function nameIn(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'name' in document ? document.name : undefined;
}
