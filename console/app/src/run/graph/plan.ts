// The steps of a document as the tree that a run of it would have, nothing of it reached yet.
import { ON_FAILURE } from '../paths';
import type { RunStep } from '../model';
import type { BlockNode, RunTree, StepNode } from '../tree';

/** The tree of a document. Whatever is no step is left out, so that half of a document has half of a tree. */
export function planOf(document: unknown): RunTree {
  const byPath = new Map<string, StepNode>();

  function nodes(steps: unknown, prefix: string): StepNode[] {
    if (!Array.isArray(steps)) return [];
    return steps.map(asRecord).flatMap((step) => {
      if (typeof step.id !== 'string' || step.id === '') return [];
      const path = prefix === '' ? step.id : `${prefix}.${step.id}`;
      if (byPath.has(path)) return []; // two of one name are a problem of the document, not of its graph
      const node: StepNode = { step: unreached(path, step.id, String(step.type)), blocks: [] };
      byPath.set(path, node);
      const whole = { ...node, blocks: blocks(step, path) };
      byPath.set(path, whole);
      return [whole];
    });
  }

  function blocks({ type, config, onError }: Record<string, unknown>, path: string): BlockNode[] {
    const inside = asRecord(config);
    const found: BlockNode[] = [];
    const add = (key: string, label: string, steps: unknown): void => {
      const inner = nodes(steps, key);
      if (inner.length > 0) found.push({ path: key, label, index: null, nodes: inner, status: 'PENDING' });
    };
    if (type === 'FOR_EACH') add(`${path}[]`, 'each item', inside.steps);
    add(`${path}.then`, 'then', inside.then);
    add(`${path}.else`, 'else', inside.else);
    if (Array.isArray(inside.branches)) {
      for (const { name, steps } of inside.branches.map(asRecord)) add(`${path}.${String(name)}`, String(name), steps);
    }
    add(`${path}.onError`, 'onError', asRecord(onError).steps);
    return found;
  }

  const { steps, onFailure } = asRecord(document);
  const top = nodes(steps, '');
  const handlers = nodes(onFailure, ON_FAILURE);
  return {
    nodes: top,
    byPath,
    onFailure:
      handlers.length === 0
        ? null
        : { path: ON_FAILURE, label: ON_FAILURE, index: null, nodes: handlers, status: 'PENDING' },
  };
}

function unreached(path: string, stepId: string, type: string): RunStep {
  return {
    path,
    stepId,
    type,
    status: 'PENDING',
    sequence: 0,
    startedAt: null,
    finishedAt: null,
    attempts: [],
    error: null,
    waitingFor: null,
    sizes: { input: null, output: null },
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
