// A retry as it is asked for, and what its plan says in words.
import type { PlanRetryQuery, RetryExecutionInput } from '../../../graphql/graphql';
import { readJson } from '../../../kit/json';
import { count } from '../../../kit/numbers';
import { toJson } from '../../../payload/values';

export interface RetryForm {
  readonly fromStep: string;
  /** With the newest version of the workflow. */
  readonly isNewest: boolean;
  /** The text of another input; null for the one that it had. */
  readonly input: string | null;
}

export type Plan = Extract<PlanRetryQuery['planRetry'], { __typename: 'RetryPlan' }>;
export type PlannedStep = Plan['steps']['nodes'][number];

/** What the API is asked for; a problem where the other input is no JSON. */
export function retryInput({
  fromStep,
  isNewest,
  input,
}: RetryForm): { readonly input: Partial<RetryExecutionInput> } | { readonly problem: string } {
  const read = input === null ? null : readJson(input);
  if (read !== null && 'problem' in read) return read;
  return {
    input: {
      ...(fromStep.trim() !== '' && { fromStep: fromStep.trim() }),
      ...(isNewest && { latestVersion: true }),
      ...(read !== null && { input: read.value ?? null }),
    },
  };
}

/** The words of the command that does the same. */
export function retryCommand(id: string, { fromStep, latestVersion, input }: Partial<RetryExecutionInput>): string[] {
  return [
    ...['executions', 'retry', id],
    ...(fromStep == null ? [] : ['--from-step', fromStep]),
    ...(latestVersion === true ? ['--latest-version'] : []),
    ...(input === undefined ? [] : ['--input', toJson(input, 0)]),
  ];
}

/** `3 steps are kept, 2 run again, 1 is dropped.` */
export function planSentence(plan: Plan): string {
  const parts = [
    told(plan.kept, 'is kept', 'are kept'),
    told(plan.continued, 'goes on', 'go on'),
    told(plan.run, 'runs', 'run'),
    told(plan.dropped, 'is dropped', 'are dropped'),
  ].filter(Boolean);
  return parts.length === 0 ? 'There is no step.' : `Of the steps ${parts.join(', ')}.`;
}

/** What to think of before it is done. */
export function planWarnings(plan: Plan): readonly string[] {
  const { repeated, restingOnOldInput } = plan;
  return [
    repeated > 0 && `${told(repeated, 'has', 'have')} called others and may do so twice.`,
    restingOnOldInput > 0 && `${told(restingOnOldInput, 'is', 'are')} kept and may rest on the old input.`,
  ].filter((each) => each !== false);
}

const REASONS: Readonly<Record<PlannedStep['reason'], string>> = {
  COMPLETED: 'it has completed',
  SKIPPED: 'it was skipped',
  TOLERATED: 'its failure was tolerated',
  HANDLER_CONTINUES: 'its handler has acted and goes on',
  CONTENT_CONTINUES: 'a part of what is in it is kept',
  NOT_COMPLETED: 'it was not done',
  NOT_REACHED: 'it was not reached',
  FROM_STEP: 'it is the step to begin with',
  DEPENDENCY: 'it depends on what is not kept',
  CONTAINER: 'what it is in begins anew',
  INPUT: 'the input is another',
  HANDLER: 'only another failure leads to it',
  VERSION: 'the version has no such step',
};

export function reasonOf({ reason, detail }: PlannedStep): string {
  return detail === null ? REASONS[reason] : `${REASONS[reason]}: ${detail}`;
}

function told(number: number, one: string, many: string): string | false {
  return number > 0 && `${count(number)} ${number === 1 ? one : many}`;
}
