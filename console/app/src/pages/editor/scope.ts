// What the expressions of a document see, as a recorded run has it: its input, its variables, the outputs of its steps.
import { memberName } from '../../payload/expression';

/** The roots of expressions, each with what is known of its value. */
export type Scope = Readonly<Record<string, unknown>>;

export interface RecordedStep {
  readonly path: string;
  readonly stepId: string;
  readonly type: string;
  readonly output: unknown;
}

export interface Recorded {
  readonly input: unknown;
  readonly steps: readonly RecordedStep[];
}

const OF_STEP = { output: null, status: 'COMPLETED', error: null };
const FIXED: Scope = {
  execution: { id: '', createdAt: '', startedAt: '' },
  workflow: { id: '', name: '', version: 1 },
  secrets: {},
  attempt: 1,
  item: null,
  index: 0,
  error: { code: '', message: '', path: '', details: null },
};

/** The scope of a document's expressions: its own variables and steps, with what a run has recorded of them. */
export function scopeOf(document: unknown, stepIds: Iterable<string>, recorded: Recorded | null): Scope {
  const variables = typeof document === 'object' && document !== null && 'variables' in document ? document.variables : {};
  const steps: Record<string, unknown> = Object.fromEntries([...stepIds].map((id) => [id, OF_STEP]));
  for (const { stepId, output } of recorded?.steps ?? []) steps[stepId] = { ...OF_STEP, output };
  return { input: recorded?.input ?? {}, vars: variables, steps, ...FIXED };
}

export interface Offered {
  /** How much of the text before the cursor is what was begun of the name. */
  readonly typed: number;
  readonly names: readonly { readonly name: string; readonly written: string; readonly value: unknown }[];
}

const WITHIN = /(?:^|[^\w.`$])([A-Za-z_]\w*(?:\.(?:\w+|`[^`]*`)|\[[^\][]*\])*)\.(`?[^\s.`"'(){}[\],]*)$/;
const BEGUN = /\{\{(?:[^}]*[^\w.`$])?(\w*)$/;

/** What may follow in an expression that has been written so far; null where no part of it leads anywhere. */
export function offeredAfter(written: string, scope: Scope): Offered | null {
  const within = WITHIN.exec(written);
  if (within?.[1] !== undefined && within[2] !== undefined) {
    const members = membersOf(valueAt(scope, within[1]));
    return members.length === 0 ? null : { typed: within[2].length, names: members };
  }
  const begun = BEGUN.exec(written);
  return begun?.[1] === undefined ? null : { typed: begun[1].length, names: membersOf(scope) };
}

function valueAt(scope: Scope, path: string): unknown {
  const [root = '', ...rest] = path.match(/`[^`]*`|\w+|\[[^\][]*\]/g) ?? [];
  let value: unknown = scope[root];
  for (const part of rest) {
    if (part.startsWith('[')) {
      const index = Number(part.slice(1, -1));
      value = Array.isArray(value) ? (value.at(Number.isInteger(index) ? index : 0) ?? value[0]) : value;
    } else {
      value = asRecord(value)[part.replaceAll('`', '')];
    }
  }
  return value;
}

function membersOf(value: unknown): Offered['names'] {
  return Object.entries(asRecord(value)).map(([name, each]) => ({ name, written: memberName(name), value: each }));
}

/** An object's members; of a list those of its first object, for a path goes on into each item. */
function asRecord(value: unknown): Record<string, unknown> {
  const one: unknown = Array.isArray(value) ? value.find((item) => typeof item === 'object' && item !== null) : value;
  return typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : {};
}

/** The types of steps that call out or wait for others, which a test has to mock. */
const CALLING: ReadonlySet<string> = new Set(['HTTP_REQUEST', 'WEBHOOK_CALL', 'SUB_WORKFLOW']);

/** Mocks that answer what the run has recorded. */
export function mocksOf(recorded: Recorded): Record<string, unknown> {
  return Object.fromEntries(
    recorded.steps.filter(({ type }) => CALLING.has(type)).map(({ path, output }) => [path, { output }]),
  );
}
