// The fields of a webhook, as they are typed.
import { useEffect, useState } from 'react';
import { useAsk } from '../../api/useAsk';
import type { InboundSignature } from '../../graphql/graphql';
import { AreaField, CheckField, TextField } from '../../kit/Field';
import { WORKFLOW_NAMES } from './queries';
import style from './Webhooks.module.css';

export const EVENT_TYPES = [
  'execution.started',
  'execution.completed',
  'execution.failed',
  'execution.cancelled',
  'execution.timed_out',
  'circuit_breaker.opened',
  'circuit_breaker.closed',
  'webhook.disabled',
] as const;

export const SIGNATURES: readonly { readonly value: InboundSignature; readonly name: string }[] = [
  { value: 'STANDARD_WEBHOOKS', name: 'Standard Webhooks' },
  { value: 'GITHUB', name: 'GitHub' },
  { value: 'STRIPE', name: 'Stripe' },
  { value: 'HMAC_SHA256', name: 'HMAC-SHA256 of the body' },
  { value: 'NONE', name: 'Nothing: whoever knows the address may send' },
];

export function nameOfSignature(signature: InboundSignature): string {
  return SIGNATURES.find(({ value }) => value === signature)?.name ?? signature;
}

const TYPING = 200; // ms after which what was typed is looked for

/** The name of a workflow, with those that begin or go on so. */
export function WorkflowField({
  value,
  onChange,
  hint,
  problem,
}: {
  readonly value: string;
  readonly onChange: (name: string) => void;
  readonly hint: string;
  readonly problem: string | undefined;
}) {
  const [words, setWords] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setWords(value), TYPING);
    return () => clearTimeout(timer);
  }, [value]);
  const { data } = useAsk(WORKFLOW_NAMES, { filter: words.trim() === '' ? null : { nameContains: words.trim() } });
  return (
    <TextField
      label="Workflow"
      hint={hint}
      value={value}
      onChange={onChange}
      problem={problem}
      autoComplete="off"
      list={data?.workflows.nodes.map(({ name }) => name) ?? []}
    />
  );
}

/** None chosen is all of them, as the API has it. */
export function EventTypesField({
  value,
  onChange,
  problem,
}: {
  readonly value: readonly string[];
  readonly onChange: (types: readonly string[]) => void;
  readonly problem: string | undefined;
}) {
  const all = [...new Set([...EVENT_TYPES, ...value])];
  return (
    <fieldset className={style.choices}>
      <legend>Is told of</legend>
      <CheckField label="Everything" isChecked={value.length === 0} onChange={(isAll) => onChange(isAll ? [] : ['execution.failed'])} />
      {all.map((type) => (
        <CheckField
          key={type}
          label={type}
          isChecked={value.includes(type)}
          onChange={(isChosen) => onChange(isChosen ? [...value, type] : value.filter((each) => each !== type))}
        />
      ))}
      {problem !== undefined && <p className={style.problem}>{problem}</p>}
    </fieldset>
  );
}

export function InputField({
  value,
  onChange,
  problem,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem: string | undefined;
}) {
  return (
    <AreaField
      label="Input"
      hint="An expression over body, headers, query and webhook that builds the execution's input; left out, the input is the body."
      rows={3}
      placeholder={'{"ref": body.ref, "event": headers.`x-github-event`}'}
      value={value}
      onChange={onChange}
      problem={problem}
    />
  );
}
