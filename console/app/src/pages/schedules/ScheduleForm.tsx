// The form of a schedule, of a new one or of one that is there.
import { useState } from 'react';
import { useClient } from 'urql';
import { askOnce } from '../../api/askOnce';
import { problemAt, type Failure } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { useAsk } from '../../api/useAsk';
import { readDuration } from '../../kit/durations';
import { CheckField, SelectField, TextField } from '../../kit/Field';
import { FieldRow, Form } from '../../kit/Form';
import { readJson } from '../../kit/json';
import { JsonField } from '../../kit/JsonField';
import { Sheet } from '../../kit/Sheet';
import { SAVE_SCHEDULE, WORKFLOW_BY_NAME, WORKFLOW_NAMES } from './queries';
import { emptySchedule, inputOf, OVERLAPS, type TypedSchedule } from './schedule';
import { Upcoming, useUpcoming } from './Upcoming';

const FIELDS = ['name', 'workflowId', 'cron', 'timezone', 'catchUpWindow', 'input'];
const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone')];
const CHOICES = 20;

export function NewSchedule(props: { readonly workflow: string; readonly onClose: () => void; readonly onSaved: (name: string) => void }) {
  return (
    <Sheet title="New schedule" onClose={props.onClose}>
      <ScheduleForm first={emptySchedule(props.workflow)} isNew onCancel={props.onClose} onSaved={props.onSaved} />
    </Sheet>
  );
}

export interface ScheduleFormProps {
  readonly first: TypedSchedule;
  readonly isNew?: boolean;
  readonly onCancel: () => void;
  readonly onSaved: (name: string) => void;
}

export function ScheduleForm({ first, isNew = false, onCancel, onSaved }: ScheduleFormProps) {
  const client = useClient();
  const [typed, setTyped] = useState(first);
  const [unknown, setUnknown] = useState<Failure>();
  const save = useAct(SAVE_SCHEDULE, (data) => data.saveSchedule);
  const { data: known } = useAsk(WORKFLOW_NAMES, { filter: typed.workflow === '' ? null : { nameContains: typed.workflow }, first: CHOICES });
  const failure = unknown ?? save.failure;
  const upcoming = useUpcoming(typed.cron.trim(), typed.timezone.trim());
  // Newer than what saving was refused for, as soon as there is an answer.
  const timing = upcoming ?? { failure };
  const change = (part: Partial<TypedSchedule>) => setTyped({ ...typed, ...part });

  async function submit(): Promise<void> {
    setUnknown(undefined);
    const found = await askOnce(client, WORKFLOW_BY_NAME, { name: typed.workflow.trim() });
    if ('failure' in found) {
      setUnknown(found.failure);
      return;
    }
    const workflow = found.data.workflow;
    if (workflow === null) {
      const problem = { path: ['workflowId'], message: 'There is no workflow with this name.', hint: null };
      setUnknown({ kind: 'refused', code: null, message: problem.message, problems: [problem] });
      return;
    }
    const input = inputOf(typed, workflow.id);
    if (input !== null && 'data' in (await save.run({ input }))) onSaved(input.name);
  }

  return (
    <Form
      submit="Save"
      onSubmit={() => void submit()}
      onCancel={onCancel}
      isRunning={save.isRunning}
      isDisabled={!isComplete(typed)}
      failure={failure}
      fields={FIELDS}
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
      <TextField
        label="Workflow"
        value={typed.workflow}
        onChange={(workflow) => change({ workflow })}
        list={known?.workflows.nodes.map((workflow) => workflow.name) ?? []}
        problem={problemAt(failure, 'workflowId')}
        autoComplete="off"
      />
      <FieldRow>
        <TextField
          label="Cron"
          value={typed.cron}
          onChange={(cron) => change({ cron })}
          placeholder="0 9 * * MON-FRI"
          hint="Minute, hour, day, month, day of the week; a sixth field in front is for seconds."
          problem={problemAt(timing.failure, 'cron')}
          autoComplete="off"
        />
        <TextField
          label="Time zone"
          value={typed.timezone}
          onChange={(timezone) => change({ timezone })}
          list={ZONES}
          problem={problemAt(timing.failure, 'timezone')}
          autoComplete="off"
        />
      </FieldRow>
      <Upcoming found={upcoming} timezone={typed.timezone.trim()} />
      <FieldRow>
        <SelectField label="While a run of it goes on" value={typed.overlap} onChange={(overlap) => change({ overlap })} choices={OVERLAPS} />
        <TextField
          label="Catches up for"
          value={typed.catchUp}
          onChange={(catchUp) => change({ catchUp })}
          hint="After an outage ticks as old as this are still started."
          problem={problemAt(failure, 'catchUpWindow') ?? (readDuration(typed.catchUp) === null ? 'Write a length of time, such as 1m or 2h.' : undefined)}
          autoComplete="off"
        />
      </FieldRow>
      <JsonField label="Input" value={typed.input} onChange={(input) => change({ input })} placeholder="{}" hint="JSON, for every execution." problem={problemAt(failure, 'input')} />
      <CheckField label="Enabled" isChecked={typed.enabled} onChange={(enabled) => change({ enabled })} />
    </Form>
  );
}

function isComplete({ name, workflow, cron, catchUp, input }: TypedSchedule): boolean {
  return [name, workflow, cron].every((text) => text.trim() !== '') && readDuration(catchUp) !== null && 'value' in readJson(input);
}
