// From time to place: the timeline's axis, on which stretches without any work may be folded.
import { spell } from '../kit/times';
import { isContainer, type RunStep } from './model';
import { ranThrough, segmentsOf } from './segments';

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Fold extends Span {
  /** Where the fold is drawn, in pixels. */
  readonly x: number;
}

export interface Tick {
  readonly x: number;
  readonly time: number;
  /** From the start of the run, in milliseconds. */
  readonly since: number;
  readonly label: string;
}

export interface Scale {
  readonly domain: Span;
  readonly width: number;
  readonly folds: readonly Fold[];
  toX(time: number): number;
  toTime(x: number): number;
  ticks(start: number, about: number): Tick[];
}

export const FOLD_WIDTH = 18;
const ROOM_FOR_A_LABEL = 34; // before a fold
const SHARE_OF_A_GAP = 0.15; // of the busy time: below that a gap takes so little room that it may stay
const SHORTEST_GAP = 1_000;
const LEAST_TIME = 50; // in milliseconds, between folds: of less there is nothing to be seen, and the waits are what there is

/** The stretches within `domain` in which no step runs and that are long enough to be folded. */
export function idleGaps(steps: Iterable<RunStep>, domain: Span, now: number): Span[] {
  const busy = busySpans(steps, now);
  const gaps: Span[] = [];
  let busyTime = 0;
  let reached = domain.from;
  for (const span of busy) {
    if (span.from > reached) gaps.push({ from: reached, to: Math.min(span.from, domain.to) });
    busyTime += Math.max(0, span.to - Math.max(span.from, reached));
    reached = Math.max(reached, span.to);
  }
  if (domain.to > reached) gaps.push({ from: reached, to: domain.to });
  const least = Math.max(SHORTEST_GAP, busyTime * SHARE_OF_A_GAP);
  const long = gaps.filter((gap) => gap.to - gap.from >= least);
  const hidden = long.reduce((sum, { from, to }) => sum + (to - from), 0);
  return domain.to - domain.from - hidden < LEAST_TIME ? [] : long;
}

/** When something ran: merged, in order. Containers do not count, for what is in them does. */
function busySpans(steps: Iterable<RunStep>, now: number): Span[] {
  const spans: Span[] = [];
  for (const step of steps) {
    if (isContainer(step.type) || step.startedAt === null) continue;
    if (ranThrough(step)) spans.push({ from: step.startedAt, to: step.finishedAt ?? now });
    else for (const segment of segmentsOf(step, now)) if (segment.kind === 'run') spans.push(segment);
  }
  spans.sort((one, other) => one.from - other.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of spans) {
    const before = merged[merged.length - 1];
    if (before !== undefined && from <= before.to) before.to = Math.max(before.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

interface Piece extends Span {
  readonly x: number;
  readonly width: number;
  readonly isFold: boolean;
}

/** The axis for `domain` on `width` pixels, with these gaps folded to a mark of equal width each. */
export function scaleOf(domain: Span, gaps: readonly Span[], width: number): Scale {
  const inside = gaps
    .map(({ from, to }) => ({ from: Math.max(from, domain.from), to: Math.min(to, domain.to) }))
    .filter(({ from, to }) => to > from);
  const room = Math.floor((width * 0.5) / FOLD_WIDTH); // folds take half of the width at most: the longest are folded
  const folded = new Set([...inside].sort((one, other) => other.to - other.from - (one.to - one.from)).slice(0, room));
  const kept = inside.filter((gap) => folded.has(gap));
  const hidden = kept.reduce((sum, { from, to }) => sum + (to - from), 0);
  const shown = Math.max(domain.to - domain.from - hidden, 1);
  const perMs = Math.max(width - kept.length * FOLD_WIDTH, 1) / shown;
  const pieces = piecesOf(domain, kept, perMs);
  return {
    domain,
    width,
    folds: pieces.filter(({ isFold }) => isFold).map(({ from, to, x }) => ({ from, to, x })),
    toX: (time) => {
      const piece = last(pieces, (each) => each.from <= time);
      const share = piece.to === piece.from ? 0 : (time - piece.from) / (piece.to - piece.from);
      return piece.x + share * piece.width;
    },
    toTime: (x) => {
      const piece = last(pieces, (each) => each.x <= x);
      return piece.width === 0 ? piece.from : piece.from + ((x - piece.x) / piece.width) * (piece.to - piece.from);
    },
    ticks: (start, about) =>
      pieces.flatMap((piece, index) => {
        const end = piece.x + piece.width - (index < pieces.length - 1 ? ROOM_FOR_A_LABEL : 0);
        return piece.isFold ? [] : ticksOf(piece, end, perMs, start, about);
      }),
  };
}

function piecesOf(domain: Span, gaps: readonly Span[], perMs: number): [Piece, ...Piece[]] {
  const pieces: Piece[] = [];
  let x = 0;
  let reached = domain.from;
  const piece = (from: number, to: number, width: number, isFold: boolean): Piece => {
    const made = { from, to, x, width, isFold };
    x += width;
    return made;
  };
  for (const { from, to } of gaps) {
    if (from > reached) pieces.push(piece(reached, from, (from - reached) * perMs, false));
    pieces.push(piece(from, to, FOLD_WIDTH, true));
    reached = to;
  }
  if (reached < domain.to) pieces.push(piece(reached, domain.to, (domain.to - reached) * perMs, false));
  const [first, ...rest] = pieces;
  return first === undefined ? [piece(domain.from, domain.from + 1, perMs, false)] : [first, ...rest];
}

/** The last piece for which it holds, as it does up to some place and not after; the first where for none. */
function last(pieces: readonly [Piece, ...Piece[]], holds: (piece: Piece) => boolean): Piece {
  let found = pieces[0];
  let low = 1;
  let high = pieces.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle];
    if (piece !== undefined && holds(piece)) {
      found = piece;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE]
  .concat([
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
  ])
  .concat([30 * DAY, 365 * DAY]);

function ticksOf(piece: Piece, end: number, perMs: number, start: number, about: number): Tick[] {
  const step = STEPS.find((each) => each * perMs >= about) ?? 3650 * DAY;
  const ticks: Tick[] = [];
  for (let since = Math.ceil((piece.from - start) / step) * step; start + since <= piece.to; since += step) {
    const x = piece.x + (start + since - piece.from) * perMs;
    if (x <= end) ticks.push({ x, time: start + since, since, label: tickLabel(since, step) });
  }
  return ticks;
}

/** A time since the start as the axis says it: as exactly as ticks `step` milliseconds apart need. */
export function tickLabel(since: number, step: number): string {
  if (since === 0) return '0';
  if (step >= MINUTE || (step >= SECOND && since < MINUTE)) return spell(since).replace('.0 s', ' s');
  if (since < SECOND && step < 100) return `${since} ms`;
  const digits = step >= SECOND ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  const seconds = ((since % MINUTE) / SECOND).toFixed(digits);
  const minutes = Math.floor(since / MINUTE);
  if (minutes === 0) return `${seconds} s`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return `${hours > 0 ? `${hours} h ` : ''}${rest} min${Number(seconds) === 0 ? '' : ` ${seconds} s`}`;
}

/** The whole of the run as a span: from its start to its end, or to the present. */
export function spanOf(startedAt: number | null, createdAt: number, finishedAt: number | null, now: number): Span {
  const from = startedAt ?? createdAt;
  const to = finishedAt ?? now;
  return { from, to: Math.max(to, from + 1) };
}
