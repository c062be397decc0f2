// The filter of the list: as text (`workflow:order status:FAILED`), as parameters of the address, and for the API.
import type { ExecutionFilter, ExecutionStatus, TriggerKind, WaitKind } from '../../graphql/graphql';

export const STATUSES: readonly ExecutionStatus[] = [
  'RUNNING',
  'WAITING',
  'PENDING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'TIMED_OUT',
  'CANCELLED',
];
const WAITS: readonly WaitKind[] = [
  'CALLBACK',
  'CIRCUIT_BREAKER',
  'CONCURRENCY',
  'DEPENDENCY',
  'PAUSED',
  'RETRY',
  'SIGNAL',
  'TIMER',
  'WORKER',
];
const TRIGGERS: readonly TriggerKind[] = ['API', 'SCHEDULE', 'WEBHOOK', 'PARENT', 'RETRY'];

/** The names of a filter's parts, as they are typed and as they stand in the address. */
export const FILTERS = [
  'workflow',
  'status',
  'label',
  'text',
  'id',
  'key',
  'error',
  'step',
  'waits',
  'service',
  'trigger',
  'by',
  'over',
  'since',
  'until',
] as const;

export type FilterName = (typeof FILTERS)[number];

/** What is looked for, in words. Statuses and labels (`name=value`) may be several, separated by commas. */
export type Filter = Readonly<Partial<Record<FilterName, string>>>;

/** A filter that was read, and what could not be: a sentence each. */
export interface ReadFilter {
  readonly filter: Filter;
  readonly problems: readonly string[];
}

const AGE = /^(\d{1,6})(s|m|h|d|w)$/;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const WORD = /(?:[^\s"]|"[^"]*")+/g;

/** Reads `name:value` words; a value with a space in it stands in double quotes. */
export function readText(text: string): ReadFilter {
  const filter: Partial<Record<FilterName, string>> = {};
  const problems: string[] = [];
  for (const word of text.match(WORD) ?? []) {
    const colon = word.indexOf(':');
    const name = word.slice(0, Math.max(0, colon)).toLowerCase();
    const value = word.slice(colon + 1).replaceAll('"', '');
    if (colon < 1 || value === '') {
      problems.push(`${word} is no part of a filter: write name:value, such as status:FAILED.`);
    } else if (!isName(name)) {
      problems.push(`There is no ${name}: to filter by; there are ${FILTERS.join(', ')}.`);
    } else {
      const read = readPart(name, value);
      if ('problem' in read) problems.push(read.problem);
      else filter[name] = name === 'label' && filter.label !== undefined ? `${filter.label},${read.value}` : read.value;
    }
  }
  return { filter: inOrder(filter), problems };
}

/** The text of a filter, which reads as the same filter. */
export function writeText(filter: Filter): string {
  return partsOf(filter)
    .map(({ name, value }) => `${name}:${/\s/.test(value) ? `"${value}"` : value}`)
    .join(' ');
}

/** The filter of an address. What means nothing is left out. */
export function readSearch(search: Filter): Filter {
  return Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = search[name];
      const read = value === undefined || value === '' ? undefined : readPart(name, value);
      return read === undefined || 'problem' in read ? [] : [[name, read.value]];
    }),
  );
}

export interface FilterPart {
  readonly name: FilterName;
  readonly value: string;
}

/** The parts of a filter one by one, each label for itself. */
export function partsOf(filter: Filter): readonly FilterPart[] {
  return FILTERS.flatMap((name): FilterPart[] => {
    const value = filter[name];
    if (value === undefined) return [];
    return name === 'label' ? value.split(',').map((each) => ({ name, value: each })) : [{ name, value }];
  });
}

/** The filter without one of its parts. */
export function without(filter: Filter, name: FilterName, value: string): Filter {
  const { [name]: whole, ...rest } = filter;
  const left = (whole ?? '').split(',').filter((each) => each !== value);
  return name === 'label' && left.length > 0 ? { ...rest, label: left.join(',') } : rest;
}

export function statusesOf(filter: Filter): readonly ExecutionStatus[] {
  return (filter.status?.split(',') ?? []) as ExecutionStatus[];
}

/** The filter as the API takes it, at `now` in milliseconds. */
export function apiFilter(filter: Filter, now: number): ExecutionFilter {
  const moment = (text: string | undefined): string | undefined => {
    const at = text === undefined ? null : momentOf(text, now);
    return at === null ? undefined : new Date(at).toISOString();
  };
  const waitingFor = { kind: filter.waits as WaitKind | undefined, service: filter.service };
  const given: { [Name in keyof ExecutionFilter]: ExecutionFilter[Name] | undefined } = {
    workflowName: filter.workflow,
    status: filter.status === undefined ? undefined : [...statusesOf(filter)],
    labels: filter.label === undefined ? undefined : Object.fromEntries(filter.label.split(',').map(labelOf)),
    labelText: filter.text,
    idPrefix: filter.id,
    idempotencyKey: filter.key,
    errorCode: filter.error,
    failedStep: filter.step,
    waitingFor: filter.waits === undefined && filter.service === undefined ? undefined : defined(waitingFor),
    trigger: filter.trigger as TriggerKind | undefined,
    triggerId: filter.by,
    longerThan: filter.over === undefined ? undefined : `PT${(ageOf(filter.over) ?? 0) / 1_000}S`,
    createdAfter: moment(filter.since),
    createdBefore: moment(filter.until),
  };
  return defined(given);
}

/** The parts in the one order that they have, so that equal filters are written alike. */
function inOrder(filter: Filter): Filter {
  return Object.fromEntries(FILTERS.flatMap((name) => (filter[name] === undefined ? [] : [[name, filter[name]]])));
}

function readPart(name: FilterName, value: string): { readonly value: string } | { readonly problem: string } {
  if (name === 'status') return readConstants(value, 'status', STATUSES);
  if (name === 'waits') return readConstants(value, 'wait', WAITS);
  if (name === 'trigger') return readConstants(value, 'trigger', TRIGGERS);
  if (name === 'label' && !value.split(',').every((each) => /^[^=]+=./.test(each))) {
    return { problem: `label:${value} lacks its value: write label:name=value.` };
  }
  if (name === 'over' && ageOf(value) === null) return { problem: `${value} is no length of time: write 30s, 5m or 2h.` };
  if ((name === 'since' || name === 'until') && momentOf(value, 0) === null) {
    return { problem: `${value} is no time: write 24h, 7d or 2026-01-31T12:00Z.` };
  }
  return { value };
}

/** Constants in any case; of statuses several. */
function readConstants(
  value: string,
  what: string,
  constants: readonly string[],
): { readonly value: string } | { readonly problem: string } {
  const found = value.toUpperCase().split(',').filter(Boolean);
  const unknown = found.find((each) => !constants.includes(each));
  if (unknown !== undefined || found.length === 0) {
    return { problem: `There is no ${what} ${unknown ?? value}; there are ${constants.join(', ')}.` };
  }
  if (found.length > 1 && what !== 'status') return { problem: `Of ${what}s only one can be looked for at a time.` };
  return { value: [...new Set(found)].join(',') };
}

/** Milliseconds since 1970 of an age before `now`, or of a moment; null for a text that is neither. */
function momentOf(text: string, now: number): number | null {
  const age = ageOf(text);
  if (age !== null) return now - age;
  const moment = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? null : moment;
}

/** Milliseconds of a length of time such as 24h; null for another text. */
function ageOf(text: string): number | null {
  const [, number, unit] = AGE.exec(text) ?? [];
  return number === undefined || unit === undefined ? null : Number(number) * (UNITS[unit] ?? 0) * 1_000;
}

function labelOf(label: string): [string, string] {
  const mark = label.indexOf('=');
  return [label.slice(0, mark), label.slice(mark + 1)];
}

function isName(text: string): text is FilterName {
  return (FILTERS as readonly string[]).includes(text);
}

function defined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<Value>;
}
