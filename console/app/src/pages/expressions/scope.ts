// What expressions see of a run that was recorded, from its export.

interface Step {
  readonly path: string;
  readonly output?: unknown;
  readonly status: string;
  readonly error?: unknown;
}

export interface Recorded {
  readonly execution: {
    readonly id: string;
    readonly createdAt: string;
    readonly startedAt: string | null;
    readonly input?: unknown;
    readonly workflow: { readonly id: string; readonly name: string } | null;
    readonly workflowVersion: number | null;
    readonly leftOut?: Readonly<Record<string, number>>;
  };
  readonly document: { readonly variables?: unknown } | null;
  readonly steps: readonly (Step & { readonly leftOut?: Readonly<Record<string, number>> })[];
}

/** The blocks that have begun: '' is the workflow itself, `loop[3]` an item of a loop. */
export function blocksOf({ steps }: Recorded): readonly string[] {
  return [...new Set(['', ...steps.map(({ path }) => blockOf(path))])];
}

/** The context of an expression that stands in this block: its steps, and those of the blocks around it. */
export function contextOf({ execution, document, steps }: Recorded, block: string): Readonly<Record<string, unknown>> {
  const { id, createdAt, startedAt, workflow } = execution;
  const index = /\[(\d+)\]$/.exec(block)?.[1];
  return {
    input: execution.input ?? null,
    vars: document?.variables ?? {},
    steps: Object.fromEntries(
      steps
        .filter(({ path, status }) => isAround(blockOf(path), block) && status !== 'PENDING')
        .map(({ path, output, status, error }) => [path.slice(path.lastIndexOf('.') + 1), { output: output ?? null, status, error: error ?? null }]),
    ),
    execution: { id, createdAt, startedAt },
    workflow: workflow && { ...workflow, version: execution.workflowVersion },
    ...(index !== undefined && { index: Number(index) }),
  };
}

/** How many values were too large to be in the export, and are null in the context. */
export function leftOutOf({ execution, steps }: Recorded): number {
  const sizes = [execution.leftOut, ...steps.map(({ leftOut }) => leftOut)];
  return sizes.filter((each) => each !== undefined && Object.keys(each).length > 0).length;
}

/** The place that an error names, as the line that it is in and the column there, from 0; null where it names none. */
export function placeIn(expression: string, error: string): { readonly line: string; readonly column: number } | null {
  const found = /\(at character (\d+)\)/.exec(error)?.[1];
  if (found === undefined) return null;
  const at = Math.min(Math.max(0, Number(found) - 1), expression.length);
  const start = expression.lastIndexOf('\n', at - 1) + 1;
  const end = expression.indexOf('\n', at);
  return { line: expression.slice(start, end < 0 ? undefined : end), column: at - start };
}

function blockOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function isAround(outer: string, block: string): boolean {
  return outer === '' || outer === block || block.startsWith(`${outer}.`);
}
