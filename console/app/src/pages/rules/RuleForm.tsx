// The form of a transformation rule, its examples one by one.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { AreaField, TextField } from '../../kit/Field';
import { FieldRow, Form } from '../../kit/Form';
import { JsonField } from '../../kit/JsonField';
import { SAVE_RULE } from './queries';
import { ruleInput, type TypedExample, type TypedRule } from './rule';
import style from './Rules.module.css';

const FIELDS = ['name', 'description', 'expression', 'inputSchema', 'outputSchema', 'examples'];

export interface RuleFormProps {
  readonly first: TypedRule;
  readonly isNew?: boolean;
  readonly onCancel?: () => void;
  readonly onSaved: (name: string) => void;
}

export function RuleForm({ first, isNew = false, onCancel, onSaved }: RuleFormProps) {
  const [typed, setTyped] = useState(first);
  const [done, setDone] = useState<string>();
  const { run, isRunning, failure } = useAct(SAVE_RULE, (data) => data.saveTransformationRule);
  const input = ruleInput(typed);

  function change(part: Partial<TypedRule>): void {
    setTyped({ ...typed, ...part });
    setDone(undefined);
  }
  function changeExample(at: number, part: Partial<TypedExample>): void {
    change({ examples: typed.examples.map((example, index) => (index === at ? { ...example, ...part } : example)) });
  }
  async function submit(): Promise<void> {
    if (input === null || !('data' in (await run({ input })))) return;
    setDone('Saved');
    onSaved(input.name);
  }

  return (
    <Form
      submit="Save"
      onSubmit={() => void submit()}
      {...(onCancel !== undefined && { onCancel })}
      isRunning={isRunning}
      isDisabled={input === null}
      failure={failure}
      fields={FIELDS}
      done={done}
    >
      {isNew && (
        <TextField
          label="Name"
          value={typed.name}
          onChange={(name) => change({ name })}
          hint="One with this name is overwritten."
          problem={problemAt(failure, 'name')}
          autoComplete="off"
          autoFocus
        />
      )}
      <TextField label="Description" value={typed.description} onChange={(description) => change({ description })} problem={problemAt(failure, 'description')} autoComplete="off" />
      <AreaField
        label="Expression"
        value={typed.expression}
        onChange={(expression) => change({ expression })}
        rows={4}
        hint="It sees input, the value that it is applied to, and nothing else."
        problem={problemAt(failure, 'expression')}
      />
      {typed.examples.map((example, at) => (
        <div key={at} className={style.example}>
          <FieldRow>
            <JsonField
              label={`Example ${at + 1}: input`}
              value={example.input}
              onChange={(text) => changeExample(at, { input: text })}
              rows={3}
              problem={problemAt(failure, 'examples', String(at), 'input')}
            />
            <JsonField
              label={`Example ${at + 1}: output`}
              value={example.output}
              onChange={(text) => changeExample(at, { output: text })}
              rows={3}
              problem={problemAt(failure, 'examples', String(at), 'output') ?? wholeProblem(failure, at)}
            />
          </FieldRow>
          <Button kind="quiet" onClick={() => change({ examples: typed.examples.filter((_, index) => index !== at) })}>
            Remove example {at + 1}
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => change({ examples: [...typed.examples, { input: '', output: '' }] })}>Add an example</Button>
      </div>
      <FieldRow>
        <JsonField label="Input schema" value={typed.inputSchema} onChange={(inputSchema) => change({ inputSchema })} rows={5} hint="A JSON Schema." problem={problemAt(failure, 'inputSchema')} />
        <JsonField label="Output schema" value={typed.outputSchema} onChange={(outputSchema) => change({ outputSchema })} rows={5} hint="A JSON Schema." problem={problemAt(failure, 'outputSchema')} />
      </FieldRow>
    </Form>
  );
}

/** What is wrong with an example that is about neither half of it alone. */
function wholeProblem(failure: Parameters<typeof problemAt>[0], at: number): string | undefined {
  return failure?.problems?.find(({ path }) => path.length === 2 && path[0] === 'examples' && path[1] === String(at))?.message;
}
