// Paths of step executions: `fan.eu.fetch`, `loop[17].fetch`; and the selection that an address carries.

export interface Place {
  /** The path of the step that it is in; "" for the workflow's own block. */
  readonly owner: string;
  /** The block of that step: a branch, a handler, "[17]" for an item; "" for the workflow's own. */
  readonly block: string;
  /** The number of the item, where the block is one. */
  readonly index: number | null;
  readonly id: string;
}

export const ON_FAILURE = 'onFailure';

/** The place of a step: which step it is in, and in which block of that. */
export function placeOf(path: string): Place {
  const dot = path.lastIndexOf('.');
  const id = path.slice(dot + 1);
  const block = dot < 0 ? '' : path.slice(0, dot);
  if (block === '') return { owner: '', block: '', index: null, id };
  if (block.endsWith(']')) {
    const open = block.lastIndexOf('[');
    return { owner: block.slice(0, open), block: block.slice(open), index: Number(block.slice(open + 1, -1)), id };
  }
  const before = block.lastIndexOf('.');
  if (before < 0) return { owner: '', block, index: null, id };
  return { owner: block.slice(0, before), block: block.slice(before + 1), index: null, id };
}

/** The path of the block that a place is in, such as `loop[17]` or `fan.eu`; "" for the workflow's own. */
export function blockPath({ owner, block }: Place): string {
  if (block === '') return '';
  if (block.startsWith('[')) return owner + block;
  return owner === '' ? block : `${owner}.${block}`;
}

/** A path with its items left out: the place in the document, `loop[].fetch`. */
export function placeInDocument(path: string): string {
  return path.includes('[') ? path.replace(/\[\d+\]/g, '[]') : path;
}

/** The steps and blocks around a path, outermost first: what has to be open for it to be seen. */
export function around(path: string): string[] {
  const found: string[] = [];
  for (let place = placeOf(path); place.block !== ''; place = placeOf(place.owner)) {
    found.push(blockPath(place));
    if (place.owner === '') break;
    found.push(place.owner);
  }
  return found.reverse();
}

/** The step, and which attempt at it, that an address selects; `attempt` is null for the newest. */
export interface Selection {
  readonly step: string;
  readonly attempt: number | null;
}

const PATH = /^[A-Za-z_]\w*(\[\d{1,6}\])?(\.[A-Za-z_]\w*(\[\d{1,6}\])?)*$/;

/** True for the path of a step, such as `loop[17].fetch`. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 2000 && PATH.test(value);
}

/** The selection of `?step=…&attempt=…`; null where the address has none, or something else than a path. */
export function readSelection(search: { readonly step?: unknown; readonly attempt?: unknown }): Selection | null {
  const { step, attempt } = search;
  if (!isPath(step)) return null;
  const number = Number(attempt);
  return { step, attempt: Number.isInteger(number) && number > 0 ? number : null };
}

/** The part of an address that says a selection; empty without one. */
export function writeSelection(selection: Selection | null): { step?: string; attempt?: number } {
  if (selection === null) return {};
  return selection.attempt === null ? { step: selection.step } : { step: selection.step, attempt: selection.attempt };
}
