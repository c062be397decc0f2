// The form of a workflow template: its document, and its parameters one by one.
import { useState } from 'react';
import { problemAt, type Failure } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { CheckField, TextField } from '../../kit/Field';
import { FieldRow, Form } from '../../kit/Form';
import { JsonField } from '../../kit/JsonField';
import { SAVE_TEMPLATE } from './queries';
import { EMPTY_PARAMETER, templateInput, type TypedParameter, type TypedTemplate } from './template';
import style from './Templates.module.css';

const FIELDS = ['name', 'category', 'description', 'document'];

export interface TemplateFormProps {
  readonly first: TypedTemplate;
  readonly isNew?: boolean;
  readonly onCancel: () => void;
  readonly onSaved: (name: string) => void;
}

export function TemplateForm({ first, isNew = false, onCancel, onSaved }: TemplateFormProps) {
  const [typed, setTyped] = useState(first);
  const { run, isRunning, failure } = useAct(SAVE_TEMPLATE, (data) => data.saveWorkflowTemplate);
  const input = templateInput(typed);
  const change = (part: Partial<TypedTemplate>) => setTyped({ ...typed, ...part });

  async function submit(): Promise<void> {
    if (input !== null && 'data' in (await run({ input }))) onSaved(input.name);
  }

  return (
    <Form submit="Save" onSubmit={() => void submit()} onCancel={onCancel} isRunning={isRunning} isDisabled={input === null} failure={failure} fields={FIELDS}>
      {isNew && (
        <TextField
          label="Name"
          value={typed.name}
          onChange={(name) => change({ name })}
          hint="A stored one with this name is overwritten; a shipped one gives way to it."
          problem={problemAt(failure, 'name')}
          autoComplete="off"
          autoFocus
        />
      )}
      <FieldRow>
        <TextField label="Category" value={typed.category} onChange={(category) => change({ category })} problem={problemAt(failure, 'category')} autoComplete="off" />
        <TextField label="Description" value={typed.description} onChange={(description) => change({ description })} problem={problemAt(failure, 'description')} autoComplete="off" />
      </FieldRow>
      {typed.parameters.map((parameter, at) => (
        <ParameterFields
          key={at}
          at={at}
          parameter={parameter}
          failure={failure}
          onChange={(part) => change({ parameters: typed.parameters.map((each, index) => (index === at ? { ...each, ...part } : each)) })}
          onRemove={() => change({ parameters: typed.parameters.filter((_, index) => index !== at) })}
        />
      ))}
      <div>
        <Button onClick={() => change({ parameters: [...typed.parameters, EMPTY_PARAMETER] })}>Add a parameter</Button>
      </div>
      <JsonField
        label="Document"
        value={typed.document}
        onChange={(document) => change({ document })}
        rows={18}
        hint="A workflow's document as JSON, with <<name>> in any text; its own name is not used."
        problem={problemAt(failure, 'document')}
      />
    </Form>
  );
}

interface ParameterFieldsProps {
  readonly at: number;
  readonly parameter: TypedParameter;
  readonly failure: Failure | undefined;
  readonly onChange: (part: Partial<TypedParameter>) => void;
  readonly onRemove: () => void;
}

function ParameterFields({ at, parameter, onChange, onRemove }: ParameterFieldsProps) {
  const number = at + 1;
  return (
    <div className={style.parameter} role="group" aria-label={`Parameter ${number}`}>
      <FieldRow>
        <TextField label={`Parameter ${number}`} value={parameter.name} onChange={(name) => onChange({ name })} autoComplete="off" />
        <TextField label="What it is" value={parameter.description} onChange={(description) => onChange({ description })} autoComplete="off" />
      </FieldRow>
      <FieldRow>
        <JsonField label="Its schema" value={parameter.schema} onChange={(schema) => onChange({ schema })} rows={2} />
        <JsonField label="Its default" value={parameter.byDefault} onChange={(byDefault) => onChange({ byDefault })} rows={2} placeholder="none" />
      </FieldRow>
      <CheckField
        label="Required"
        hint="One with a default never is."
        isChecked={parameter.isRequired && parameter.byDefault.trim() === ''}
        onChange={(isRequired) => onChange({ isRequired })}
      />
      <Button kind="quiet" onClick={onRemove}>
        Remove parameter {number}
      </Button>
    </div>
  );
}
