// A saved view of the list: its filter as the API has it, ages such as 24h as they were typed, and its columns.
import type { Principal } from '../../../api/principal';
import type { ExecutionViewFragment } from '../../../graphql/graphql';
import { apiFilter, readSearch, type Filter, type FilterName } from '../filter';

export type View = ExecutionViewFragment;

const TIMES: readonly FilterName[] = ['since', 'until'];
const PLAIN: Readonly<Record<string, FilterName>> = {
  workflowName: 'workflow',
  labelText: 'text',
  idPrefix: 'id',
  idempotencyKey: 'key',
  errorCode: 'error',
  failedStep: 'step',
  trigger: 'trigger',
  createdAfter: 'since',
  createdBefore: 'until',
  since: 'since',
  until: 'until',
};

/** What is saved: members of ExecutionFilter, and of times the ages, so that the view goes with the time. */
export function savedFilter(filter: Filter): Readonly<Record<string, unknown>> {
  const lasting = Object.entries(filter).filter(([name]) => !TIMES.includes(name as FilterName));
  const times = Object.entries(filter).filter(([name]) => TIMES.includes(name as FilterName));
  return { ...apiFilter(Object.fromEntries(lasting), 0), ...Object.fromEntries(times) };
}

/** The filter of a view, also of one that another client has saved; members that the list does not know are named. */
export function readView(saved: unknown): { readonly filter: Filter; readonly unknown: readonly string[] } {
  const words: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries((saved ?? {}) as Record<string, unknown>)) {
    const found = wordsOf(name, value);
    if (found === null) unknown.push(name);
    else Object.assign(words, found);
  }
  const filter = readSearch(words);
  return { filter, unknown: [...unknown, ...Object.keys(words).filter((word) => !(word in filter))] };
}

function wordsOf(name: string, value: unknown): Filter | null {
  const plain = PLAIN[name];
  if (plain !== undefined) return typeof value === 'string' ? { [plain]: value } : null;
  if (name === 'status') return { status: [value].flat().join(',') };
  if (name === 'longerThan') {
    const [, seconds] = /^PT(\d{1,6})S$/.exec(String(value)) ?? [];
    return seconds === undefined ? null : { over: `${seconds}s` };
  }
  if (typeof value !== 'object' || value === null) return null;
  if (name === 'labels') {
    return { label: Object.entries(value).map(([label, text]) => `${label}=${String(text)}`).join(',') };
  }
  if (name !== 'waitingFor') return null;
  const { kind, service } = value as { readonly kind?: string; readonly service?: string };
  return { ...(kind != null && { waits: kind }), ...(service != null && { service }) };
}

/** Those of all columns that a view leaves out; one without columns has all. */
export function hiddenColumns(view: View, all: readonly string[]): readonly string[] {
  return view.columns.length === 0 ? [] : all.filter((column) => !view.columns.includes(column));
}

/** Who may share a view of its own. */
export function mayShare(principal: Principal | undefined): boolean {
  return principal !== undefined && principal.role !== 'VIEWER';
}

/** Who may rename, share and delete this one. */
export function mayChange(view: View, principal: Principal | undefined): boolean {
  return view.isOwn || principal?.role === 'EDITOR' || principal?.role === 'ADMIN';
}
