// The command that does the same as a bulk operation.
import type { ExecutionFilter } from '../../../graphql/graphql';
import { readJson } from '../../../kit/json';
import { toJson } from '../../../payload/values';
import type { BulkAction } from './operations';

/** What a bulk operation is asked for, beside the executions that it concerns. */
export interface BulkOptions {
  readonly reason?: string;
  readonly input?: { readonly latestVersion: boolean };
  readonly name?: string;
  readonly payload?: unknown;
}

/** Its words, without `stepgraph`. */
export function bulkCommand(action: BulkAction, filter: ExecutionFilter, options: BulkOptions): readonly string[] {
  const { reason, input, name, payload } = options;
  return [
    ...['executions', 'bulk', action.toLowerCase()],
    ...filterOptions(filter),
    ...option('--reason', reason),
    ...(input?.latestVersion === true ? ['--latest-version'] : []),
    ...option('--name', name),
    ...option('--payload', payload === undefined ? undefined : toJson(payload, 0)),
  ];
}

function filterOptions(filter: ExecutionFilter): readonly string[] {
  const { waitingFor } = filter;
  const labels = Object.entries((filter.labels ?? {}) as Record<string, unknown>);
  return [
    ...option('--workflow', filter.workflowName),
    ...[filter.status ?? []].flat().flatMap((status) => option('--status', status)),
    ...labels.flatMap(([name, value]) => option('--label', `${name}=${labelValue(String(value))}`)),
    ...option('--label-text', filter.labelText),
    ...option('--id', filter.idPrefix),
    ...option('--key', filter.idempotencyKey),
    ...option('--error', filter.errorCode),
    ...option('--failed-step', filter.failedStep),
    ...option('--waiting-for', waitingFor?.kind),
    ...option('--service', waitingFor?.service),
    ...option('--longer-than', filter.longerThan),
    ...option('--trigger', filter.trigger),
    ...option('--trigger-id', filter.triggerId),
    ...option('--created-after', inSeconds(filter.createdAfter, Math.ceil)),
    ...option('--created-before', inSeconds(filter.createdBefore, Math.floor)),
  ];
}

function option(name: string, value: string | number | null | undefined): readonly string[] {
  return value === null || value === undefined ? [] : [name, String(value)];
}

/** The command line takes a value that could be JSON for JSON. */
function labelValue(text: string): string {
  return 'value' in readJson(text) ? JSON.stringify(text) : text;
}

/** A moment as the command line takes it, in whole seconds, rounded so that no other execution is concerned. */
function inSeconds(moment: string | null | undefined, round: (seconds: number) => number): string | undefined {
  if (moment === null || moment === undefined) return undefined;
  return new Date(round(Date.parse(moment) / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}
