// One workflow template: a workflow is made of it, it is changed, or deleted.
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { Empty, FailureNote, Loading } from '../../kit/Notes';
import { Sheet } from '../../kit/Sheet';
import { Payload } from '../../payload/Payload';
import { useLoaded } from '../../payload/useLoaded';
import { Instantiation } from './Instantiation';
import { DELETE_TEMPLATE, TEMPLATE } from './queries';
import { EMPTY_TEMPLATE, typedTemplate, type Template } from './template';
import { TemplateForm } from './TemplateForm';
import style from './Templates.module.css';

export interface TemplateSheetProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function TemplateSheet({ name, onClose, onChanged }: TemplateSheetProps) {
  const { data, failure, again } = useLoaded(TEMPLATE, { name });
  const [isEdited, setEdited] = useState(false);
  const template = data?.workflowTemplate;
  return (
    <Sheet title={name} note={template?.shipped && <span className={style.soft}>shipped</span>} onClose={onClose}>
      {failure !== undefined && <FailureNote failure={failure} again={again} />}
      {data === undefined && failure === undefined && <Loading rows={8} />}
      {template === null && <Empty title="There is no template with this name">It may have been deleted.</Empty>}
      {template &&
        (isEdited ? (
          <TemplateForm
            first={typedTemplate(template)}
            onCancel={() => setEdited(false)}
            onSaved={() => {
              setEdited(false);
              again();
              onChanged();
            }}
          />
        ) : (
          <Found
            template={template}
            onEdit={() => setEdited(true)}
            onDeleted={() => {
              onChanged();
              onClose();
            }}
          />
        ))}
    </Sheet>
  );
}

export function NewTemplate({ onClose, onSaved }: { readonly onClose: () => void; readonly onSaved: (name: string) => void }) {
  return (
    <Sheet title="New template" onClose={onClose}>
      <TemplateForm first={EMPTY_TEMPLATE} isNew onCancel={onClose} onSaved={onSaved} />
    </Sheet>
  );
}

interface FoundProps {
  readonly template: Template;
  readonly onEdit: () => void;
  readonly onDeleted: () => void;
}

function Found({ template, onEdit, onDeleted }: FoundProps) {
  const may = useMay();
  return (
    <>
      {template.description !== null && <p className={style.soft}>{template.description}</p>}
      <div className={style.actions}>
        {may('Mutation.saveWorkflowTemplate') && (
          <Button onClick={onEdit} title={template.shipped ? 'What is saved takes the place of the shipped one.' : undefined}>
            Edit
          </Button>
        )}
        {may('Mutation.deleteWorkflowTemplate') && !template.shipped && <Deletion name={template.name} onDeleted={onDeleted} />}
      </div>
      {may('Mutation.instantiateTemplate') && (
        <section className={style.part}>
          <h3>Make a workflow of it</h3>
          <Instantiation template={template} />
        </section>
      )}
      <section className={style.part}>
        <h3>Document</h3>
        <Payload label="Document" value={template.document} expression={null} />
      </section>
    </>
  );
}

function Deletion({ name, onDeleted }: { readonly name: string; readonly onDeleted: () => void }) {
  const { run, isRunning, failure } = useAct(DELETE_TEMPLATE, (data) => data.deleteWorkflowTemplate);
  const [isAsked, setAsked] = useState(false);
  async function remove(): Promise<void> {
    if ('data' in (await run({ name }))) onDeleted();
  }
  return (
    <>
      <Button kind="danger" onClick={() => setAsked(true)}>
        Delete…
      </Button>
      {isAsked && (
        <Confirm title={`Delete the template ${name}?`} action="Delete it" isRunning={isRunning} failure={failure} onConfirm={() => void remove()} onClose={() => setAsked(false)}>
          Workflows that were made of it stay as they are.
        </Confirm>
      )}
    </>
  );
}
