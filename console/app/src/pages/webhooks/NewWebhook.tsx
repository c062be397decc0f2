// A new webhook of either kind, and then its secret, which is shown this once.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import type { InboundSignature, WebhookDirection } from '../../graphql/graphql';
import { SelectField, TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { Sheet } from '../../kit/Sheet';
import { ShownOnce } from '../../kit/ShownOnce';
import { EventTypesField, InputField, SIGNATURES, WorkflowField } from './fields';
import { CREATE } from './queries';
import { useWorkflowId } from './useWorkflowId';

const KINDS = [
  { value: 'OUTBOUND', name: 'Outbound: tells others what happens here' },
  { value: 'INBOUND', name: 'Inbound: lets others start a workflow' },
] as const;

const FIELDS = ['name', 'url', 'eventTypes', 'workflowId', 'signature', 'input', 'secret'] as const;

export function NewWebhook({ direction: first, onClose }: { readonly direction: WebhookDirection; readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [direction, setDirection] = useState<WebhookDirection>(first);
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [eventTypes, setEventTypes] = useState<readonly string[]>([]);
  const [workflow, setWorkflow] = useState('');
  const [signature, setSignature] = useState<InboundSignature>('STANDARD_WEBHOOKS');
  const [input, setInput] = useState('');
  const [secret, setSecret] = useState('');
  const [made, setMade] = useState<{ readonly id: string; readonly secret: string }>();
  const { find, problem: workflowProblem, isLooking } = useWorkflowId();
  const { run, isRunning, failure } = useAct(CREATE, (data) => data.createWebhook);
  const isInbound = direction === 'INBOUND';
  const isSigned = !isInbound || signature !== 'NONE';

  function open(id: string): void {
    void navigate({ to: '/webhooks/$id', params: { id } });
  }

  async function create(): Promise<void> {
    const found = await find(workflow);
    if (found === undefined) return;
    const outcome = await run({
      input: {
        name,
        direction,
        workflowId: found.id,
        secret: isSigned && secret !== '' ? secret : null,
        ...(isInbound ? { signature, input: input.trim() === '' ? null : input } : { url: url.trim() === '' ? null : url.trim(), eventTypes: [...eventTypes] }),
      },
    });
    if ('failure' in outcome || outcome.data.createWebhook.__typename !== 'WebhookCreated') return;
    const { webhook, secret: given } = outcome.data.createWebhook;
    if (given === '') open(webhook.id);
    else setMade({ id: webhook.id, secret: given });
  }

  if (made !== undefined)
    return (
      <Sheet title={`The webhook ${name}`} onClose={() => open(made.id)}>
        <ShownOnce what="secret" value={made.secret} onDone={() => open(made.id)}>
          {isInbound ? 'Give it to the sender, with the address that the page of the webhook shows.' : 'Give it to the receiver, who checks signatures with it.'}
        </ShownOnce>
      </Sheet>
    );
  return (
    <Sheet title="New webhook" onClose={onClose}>
      <Form
        submit="Create the webhook"
        onSubmit={() => void create()}
        onCancel={onClose}
        isRunning={isRunning || isLooking}
        failure={failure}
        fields={FIELDS}
      >
        <SelectField label="Kind" value={direction} onChange={setDirection} choices={KINDS} />
        <TextField label="Name" value={name} onChange={setName} problem={problemAt(failure, 'name')} autoComplete="off" autoFocus />
        {!isInbound && (
          <TextField
            label="Address"
            hint="What happens is sent there as POST, signed."
            type="url"
            placeholder="https://example.com/stepgraph"
            value={url}
            onChange={setUrl}
            problem={problemAt(failure, 'url')}
            autoComplete="off"
          />
        )}
        <WorkflowField
          value={workflow}
          onChange={setWorkflow}
          hint={isInbound ? 'The workflow to start, by its newest version.' : 'Of the executions of this workflow only; left out, of all.'}
          problem={workflowProblem ?? problemAt(failure, 'workflowId')}
        />
        {isInbound ? (
          <>
            <SelectField
              label="Senders sign as"
              value={signature}
              onChange={setSignature}
              choices={SIGNATURES}
              problem={problemAt(failure, 'signature')}
            />
            <InputField value={input} onChange={setInput} problem={problemAt(failure, 'input')} />
          </>
        ) : (
          <EventTypesField value={eventTypes} onChange={setEventTypes} problem={problemAt(failure, 'eventTypes')} />
        )}
        {isSigned && (
          <TextField
            label="Secret"
            hint="Left out, one is made up, and shown to you once."
            type="password"
            value={secret}
            onChange={setSecret}
            problem={problemAt(failure, 'secret')}
            autoComplete="new-password"
          />
        )}
      </Form>
    </Sheet>
  );
}
