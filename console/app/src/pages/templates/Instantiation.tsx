// The form that makes a workflow of a template: its name, and a field for each parameter.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { SchemaField } from '../../kit/SchemaField';
import { readTyped, typedText } from '../../kit/schemaValues';
import { INSTANTIATE } from './queries';
import type { Template } from './template';
import style from './Templates.module.css';

const FIELDS = ['workflowName', 'parameters'];

export function Instantiation({ template }: { readonly template: Template }) {
  const { name, parameters } = template;
  const [workflowName, setWorkflowName] = useState('');
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [made, setMade] = useState<string>();
  const { run, isRunning, failure } = useAct(INSTANTIATE, (data) => data.instantiateTemplate);
  const read = parameters.map((parameter) => ({ parameter, read: readTyped(parameter.schema, typed[parameter.name] ?? '') }));
  const isReadable = read.every(({ read: each }) => 'value' in each);

  async function submit(): Promise<void> {
    setMade(undefined);
    const given = read.flatMap(({ parameter, read: each }) => ('value' in each && each.value !== undefined ? [[parameter.name, each.value] as const] : []));
    const answer = await run({ name, workflowName: workflowName.trim(), parameters: Object.fromEntries(given) });
    if ('data' in answer) setMade(workflowName.trim());
  }

  return (
    <Form
      submit="Make the workflow"
      onSubmit={() => void submit()}
      isRunning={isRunning}
      isDisabled={workflowName.trim() === '' || !isReadable}
      failure={failure}
      fields={FIELDS}
    >
      <TextField label="Name of the workflow" value={workflowName} onChange={setWorkflowName} problem={problemAt(failure, 'workflowName')} autoComplete="off" />
      {parameters.map((parameter) => (
        <SchemaField
          key={parameter.name}
          label={parameter.required ? parameter.name : `${parameter.name} (may be left out)`}
          schema={parameter.schema}
          value={typed[parameter.name] ?? ''}
          onChange={(text) => setTyped({ ...typed, [parameter.name]: text })}
          hint={parameter.description ?? undefined}
          placeholder={typedText(parameter.schema, parameter.default)}
          problem={problemAt(failure, 'parameters', parameter.name)}
        />
      ))}
      {made !== undefined && (
        <p role="status" className={style.soft}>
          Made:{' '}
          <Link to="/workflows/$name" params={{ name: made }}>
            {made}
          </Link>
        </p>
      )}
    </Form>
  );
}
