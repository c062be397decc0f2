// How far a bulk operation is, as a sentence.
import type { BulkProgressFragment } from '../../../graphql/graphql';
import { count } from '../../../kit/numbers';

const STATES: Readonly<Record<BulkProgressFragment['status'], string>> = {
  RUNNING: 'It is carried on in the background, also when this is closed',
  STOPPING: 'It ends after the batch at hand',
  STOPPED: 'It was stopped',
  FINISHED: 'It has ended',
};

export function toldProgress({ status, matched, done, failed }: Pick<BulkProgressFragment, 'status' | 'matched' | 'done' | 'failed'>): string {
  const refused = failed > 0 ? `, with ${count(failed)} it could not be done` : '';
  return `${STATES[status]}: ${count(done)} of ${count(matched)} done${refused}.`;
}
