// Starts a workflow: with a form where its inputSchema is simple enough for one, else with its input as JSON.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { AreaField, CheckField, SelectField, TextField } from '../../kit/Field';
import { FailureLine } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { fieldsOf, readInput, readWhole, typedAtFirst, type InputField } from './inputForm';
import { START, type WorkflowFound } from './queries';
import style from './Workflow.module.css';

export function Start({ workflow, onClose }: { readonly workflow: WorkflowFound; readonly onClose: () => void }) {
  const fields = fieldsOf(workflow.inputSchema);
  const navigate = useNavigate();
  const [typed, setTyped] = useState(() => typedAtFirst(fields ?? []));
  const [text, setText] = useState('');
  const [isJson, setJson] = useState(fields === null);
  const [key, setKey] = useState('');
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const start = useAct(START, (data) => data.executeWorkflow);

  function read(): { readonly value: unknown } | undefined {
    if (!isJson && fields !== null) {
      const input = readInput(fields, typed);
      setProblems(input.problems ?? {});
      return input.problems === undefined ? input : undefined;
    }
    const input = readWhole(text);
    setProblems('problem' in input ? { '': input.problem } : {});
    return 'problem' in input ? undefined : input;
  }

  async function go(): Promise<void> {
    const input = read();
    if (input === undefined) return;
    const given = { workflowId: workflow.id, input: input.value, ...(key !== '' && { idempotencyKey: key }) };
    const outcome = await start.run({ input: given });
    if (!('data' in outcome)) return;
    const { executeWorkflow: execution } = outcome.data;
    if (execution.__typename === 'WorkflowExecution')
      await navigate({ to: '/executions/$id', params: { id: execution.id } });
  }

  function choose(json: boolean): void {
    const input = fields === null ? undefined : readInput(fields, typed);
    if (json && text === '' && input?.problems === undefined && input !== undefined)
      setText(JSON.stringify(input.value, null, 2));
    setProblems({});
    setJson(json);
  }

  return (
    <Section heading="Start" actions={fields !== null && <CheckField label="as JSON" isChecked={isJson} onChange={choose} />}>
      <form
        className={style.form}
        noValidate
        onSubmit={(submit) => {
          submit.preventDefault();
          void go();
        }}
      >
        {isJson || fields === null ? (
          <div className={style.whole}>
            <AreaField
              label="Input"
              hint={workflow.inputSchema === null ? 'JSON, or nothing' : 'JSON that meets the inputSchema'}
              value={text}
              onChange={setText}
              problem={problems['']}
            />
          </div>
        ) : (
          fields.map((field) => (
            <InputOf
              key={field.name}
              field={field}
              value={typed[field.name] ?? ''}
              problem={problems[field.name]}
              onChange={(value) => setTyped({ ...typed, [field.name]: value })}
            />
          ))
        )}
        <TextField
          label="Idempotency key"
          hint="A second start with the same key answers with the first"
          value={key}
          onChange={setKey}
          autoComplete="off"
        />
        <div className={style.whole}>
          {start.failure !== undefined && <FailureLine failure={start.failure} />}
          <div className={style.buttons}>
            <Button kind="primary" type="submit" disabled={start.isRunning}>
              Start it
            </Button>
            <Button onClick={onClose}>Close</Button>
          </div>
        </div>
      </form>
    </Section>
  );
}

interface InputOfProps {
  readonly field: InputField;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

const YES_OR_NO = ['true', 'false'];

function InputOf({ field, value, problem, onChange }: InputOfProps) {
  const label = field.isRequired ? `${field.label} *` : field.label;
  const shared = { label, hint: field.hint, problem, value, onChange };
  switch (field.kind) {
    case 'boolean':
    case 'choice': {
      const choices = field.kind === 'boolean' ? YES_OR_NO : field.choices;
      return <SelectField {...shared} choices={['', ...choices].map((each) => ({ value: each, name: each === '' ? '–' : each }))} />;
    }
    case 'json':
      return <AreaField {...shared} rows={3} />;
    case 'integer':
    case 'number':
      return <TextField {...shared} type="number" autoComplete="off" />;
    case 'text':
      return <TextField {...shared} autoComplete="off" />;
  }
}
