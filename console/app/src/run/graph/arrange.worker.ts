// Arranges graphs beside the page, which stays quick meanwhile.
import { arrange, type Direction, type UnplacedBlock } from './arrange';

export interface Order {
  readonly number: number;
  readonly root: UnplacedBlock;
  readonly direction: Direction;
}

self.addEventListener('message', ({ data }: MessageEvent<Order>) => {
  self.postMessage({ number: data.number, placed: arrange(data.root, data.direction) });
});
