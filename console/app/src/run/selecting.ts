// What a row selects.
import type { Selection } from './paths';
import type { Row } from './rows';

/** A step; of a row that is one attempt, that attempt; of a block, the first step in it. */
export function selectionOf(row: Row): Selection {
  if (row.kind === 'attempt') return { step: row.step.path, attempt: row.attempt.number };
  if (row.kind === 'step') return { step: row.step.path, attempt: null };
  return { step: row.block.path, attempt: null };
}
