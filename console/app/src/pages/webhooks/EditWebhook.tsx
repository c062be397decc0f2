// Changes of a webhook: only what was changed is sent, so that nobody's change to the rest is undone.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import type { UpdateWebhookInput } from '../../graphql/graphql';
import { TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { Sheet } from '../../kit/Sheet';
import { EventTypesField, InputField, WorkflowField } from './fields';
import { UPDATE, type WebhookDetails } from './queries';
import { useWorkflowId } from './useWorkflowId';

const FIELDS = ['name', 'url', 'eventTypes', 'workflowId', 'input'] as const;

export function EditWebhook({ webhook, onClose }: { readonly webhook: WebhookDetails; readonly onClose: () => void }) {
  const isInbound = webhook.direction === 'INBOUND';
  const before = { workflow: webhook.workflow?.name ?? '', url: webhook.url ?? '', input: webhook.input ?? '' };
  const [name, setName] = useState(webhook.name);
  const [url, setUrl] = useState(before.url);
  const [eventTypes, setEventTypes] = useState<readonly string[]>(webhook.eventTypes);
  const [workflow, setWorkflow] = useState(before.workflow);
  const [input, setInput] = useState(before.input);
  const { find, problem: workflowProblem, isLooking } = useWorkflowId();
  const { run, isRunning, failure } = useAct(UPDATE, (data) => data.updateWebhook);

  async function save(): Promise<void> {
    const changes: UpdateWebhookInput = {};
    if (name !== webhook.name) changes.name = name;
    if (workflow.trim() !== before.workflow) {
      const found = await find(workflow);
      if (found === undefined) return;
      changes.workflowId = found.id;
    }
    if (isInbound && input !== before.input) changes.input = input.trim() === '' ? null : input;
    if (!isInbound && url.trim() !== before.url) changes.url = url.trim() === '' ? null : url.trim();
    if (!isInbound && !isSame(eventTypes, webhook.eventTypes)) changes.eventTypes = [...eventTypes];
    const outcome = await run({ id: webhook.id, input: changes, withAddress: true });
    if ('data' in outcome) onClose();
  }

  return (
    <Sheet title={`Edit ${webhook.name}`} onClose={onClose}>
      <Form submit="Save" onSubmit={() => void save()} onCancel={onClose} isRunning={isRunning || isLooking} failure={failure} fields={FIELDS}>
        <TextField label="Name" value={name} onChange={setName} problem={problemAt(failure, 'name')} autoComplete="off" autoFocus />
        {!isInbound && (
          <TextField
            label="Address"
            type="url"
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
          <InputField value={input} onChange={setInput} problem={problemAt(failure, 'input')} />
        ) : (
          <EventTypesField value={eventTypes} onChange={setEventTypes} problem={problemAt(failure, 'eventTypes')} />
        )}
      </Form>
    </Sheet>
  );
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each));
}
