// The places of a graph's nodes, worked out by the worker; those of before until they are there.
import { useEffect, useRef, useState } from 'react';
import type { Direction, Placed, Unplaced, UnplacedBlock } from './arrange';
import type { GraphBlock, GraphStep } from './graphModel';

export const NODE_WIDTH = 190;
export const NODE_HEIGHT = 44;

let idle: Worker | undefined; // kept for the next graph
let orders = 0;

/** Loads what arranges graphs, so that it is there when the API is not. */
export function prepareArranging(): void {
  idle ??= arranger();
}

function arranger(): Worker {
  return new Worker(new URL('./arrange.worker.ts', import.meta.url), { type: 'module' });
}

/** null until the first arrangement is there. */
export function useArrangement(root: GraphBlock, direction: Direction): readonly Placed[] | null {
  const [placed, setPlaced] = useState<readonly Placed[] | null>(null);
  const worker = useRef<Worker>(undefined);
  const shape = JSON.stringify([direction, unplaced(root)]); // it is only arranged anew when something is opened or begun
  useEffect(() => {
    if (worker.current === undefined) {
      worker.current = idle ?? arranger();
      idle = undefined;
    }
    const mine = (orders += 1);
    const [wanted, block] = JSON.parse(shape) as [Direction, UnplacedBlock];
    worker.current.onmessage = ({ data }: MessageEvent<{ number: number; placed: readonly Placed[] }>) => {
      if (data.number === mine) setPlaced(data.placed);
    };
    worker.current.postMessage({ number: mine, root: block, direction: wanted });
  }, [shape]);
  useEffect(
    () => () => {
      const done = worker.current;
      worker.current = undefined;
      if (done === undefined) return;
      done.onmessage = null;
      if (idle === undefined) idle = done;
      else done.terminate();
    },
    [],
  );
  return placed;
}

function unplaced(block: GraphBlock): UnplacedBlock {
  return { id: block.path, nodes: block.steps.map(unplacedStep), edges: block.edges };
}

function unplacedStep(step: GraphStep): Unplaced {
  return { id: step.path, width: NODE_WIDTH, height: NODE_HEIGHT, blocks: step.blocks.map(unplaced) };
}
