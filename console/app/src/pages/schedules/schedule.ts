// A schedule as it is typed into its form.
import type { OverlapPolicy, ScheduleInput, ScheduleQuery } from '../../graphql/graphql';
import { readDuration, writeDuration } from '../../kit/durations';
import { readJson, writtenJson } from '../../kit/json';

export type Schedule = NonNullable<ScheduleQuery['schedule']>;

export interface TypedSchedule {
  readonly name: string;
  readonly workflow: string;
  readonly cron: string;
  readonly timezone: string;
  readonly overlap: OverlapPolicy;
  readonly catchUp: string;
  readonly input: string;
  readonly enabled: boolean;
}

export const OVERLAPS: readonly { readonly value: OverlapPolicy; readonly name: string }[] = [
  { value: 'SKIP', name: 'leave the tick out' },
  { value: 'BUFFER_ONE', name: 'start it once the run has ended' },
  { value: 'ALLOW', name: 'start it beside the run' },
  { value: 'CANCEL_OTHER', name: 'cancel the run and start it' },
];

export function emptySchedule(workflow: string): TypedSchedule {
  return { name: '', workflow, cron: '', timezone: 'UTC', overlap: 'SKIP', catchUp: '1m', input: '', enabled: true };
}

export function typedSchedule(schedule: Schedule): TypedSchedule {
  const { name, workflow, cron, timezone, overlap, catchUpWindow, input, enabled } = schedule;
  return { name, workflow: workflow.name, cron, timezone, overlap, catchUp: writeDuration(catchUpWindow), input: writtenJson(input), enabled };
}

/** All settings of a schedule that is there, for saving it with another of them. */
export function settingsOf({ name, workflow, cron, timezone, overlap, catchUpWindow, input, enabled }: Schedule): ScheduleInput {
  return { name, workflowId: workflow.id, cron, timezone, overlap, catchUpWindow, input: input ?? null, enabled };
}

/** What the API takes; null while a field holds nothing that could be sent. */
export function inputOf(typed: TypedSchedule, workflowId: string): ScheduleInput | null {
  const input = readJson(typed.input);
  const catchUpWindow = readDuration(typed.catchUp);
  if ('problem' in input || catchUpWindow === null) return null;
  const { name, cron, timezone, overlap, enabled } = typed;
  return { name: name.trim(), workflowId, cron: cron.trim(), timezone: timezone.trim(), overlap, enabled, catchUpWindow, input: input.value ?? null };
}
