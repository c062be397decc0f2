// The value of a secret, of a new one or in the place of the one before. It is sent as a variable, and not kept.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { graphql } from '../../graphql';
import { AreaField, CheckField, TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { counted } from '../../kit/numbers';
import { Sheet } from '../../kit/Sheet';
import style from './Secrets.module.css';

const SET = graphql(`
  mutation SetSecret($name: String!, $value: String!) {
    setSecret(name: $name, value: $value) {
      __typename
      ... on Secret {
        id
        name
        updatedAt
      }
      ...Refusal
    }
  }
`);

const FIELDS = ['name', 'value'] as const;

export interface SetSecretProps {
  /** That of the secret whose value is replaced; undefined for a new one. */
  readonly name: string | undefined;
  readonly onSet: () => void;
  readonly onClose: () => void;
}

export function SetSecret({ name: given, onSet, onClose }: SetSecretProps) {
  const [typed, setTyped] = useState('');
  const [value, setValue] = useState('');
  const [isShown, setShown] = useState(false);
  const { run, isRunning, failure } = useAct(SET, (data) => data.setSecret);
  const name = given ?? typed.trim();
  async function set(): Promise<void> {
    const outcome = await run({ name, value });
    if ('failure' in outcome) return;
    onSet();
    onClose();
  }
  return (
    <Sheet title={given === undefined ? 'New secret' : `Replace the value of ${given}`} onClose={onClose}>
      <Form
        submit={given === undefined ? 'Store the secret' : 'Replace the value'}
        onSubmit={() => void set()}
        onCancel={onClose}
        isRunning={isRunning}
        failure={failure}
        fields={given === undefined ? FIELDS : FIELDS.slice(1)}
      >
        {given === undefined && (
          <TextField
            label="Name"
            hint="Letters, digits and underscores, such as shop_token. A secret of this name gets the new value."
            value={typed}
            onChange={setTyped}
            problem={problemAt(failure, 'name')}
            autoComplete="off"
            autoFocus
          />
        )}
        <div className={isShown ? undefined : style.covered}>
          <AreaField label="Value" hint={sizeOf(value)} rows={4} value={value} onChange={setValue} problem={problemAt(failure, 'value')} />
        </div>
        <CheckField label="Show what is typed" isChecked={isShown} onChange={setShown} />
        {given !== undefined && <p>Attempts that begin two seconds later have the new value, those of executions that run already too.</p>}
      </Form>
    </Sheet>
  );
}

function sizeOf(value: string): string {
  if (value === '') return 'At most 64 KiB. Once stored, nobody is shown it again.';
  const size = counted(new TextEncoder().encode(value).length, 'byte');
  return /[\r\n]$/.test(value) ? `${size}; the line break at its end is part of it.` : `${size}.`;
}
