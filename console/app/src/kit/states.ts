// The states of everything, each with its tone, its shape and its word: colour alone tells none of them.

export type Tone = 'running' | 'waiting' | 'completed' | 'failed' | 'neutral' | 'paused';

const TONES: Readonly<Record<string, Tone>> = {
  RUNNING: 'running',
  WAITING: 'waiting',
  PENDING: 'neutral',
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'neutral',
  SKIPPED: 'neutral',
  PAUSED: 'paused',
  UP: 'completed',
  DEGRADED: 'waiting',
  DOWN: 'failed',
  CLOSED: 'completed',
  HALF_OPEN: 'waiting',
  OPEN: 'failed',
  DELIVERED: 'completed',
  RECEIVED: 'completed',
  REJECTED: 'failed',
  ACTIVE: 'completed',
  DRAFT: 'waiting',
  ARCHIVED: 'neutral',
  ENABLED: 'completed',
  DISABLED: 'paused',
};

export type Shape = 'dot' | 'hourglass' | 'ring' | 'check' | 'cross' | 'barred' | 'skip' | 'pause' | 'half' | 'bang' | 'pen';

const SHAPES: Readonly<Record<string, Shape>> = {
  RUNNING: 'dot',
  WAITING: 'hourglass',
  PENDING: 'ring',
  COMPLETED: 'check',
  FAILED: 'cross',
  TIMED_OUT: 'cross',
  CANCELLED: 'barred',
  SKIPPED: 'skip',
  PAUSED: 'pause',
  UP: 'check',
  DEGRADED: 'bang',
  DOWN: 'cross',
  CLOSED: 'check',
  HALF_OPEN: 'half',
  OPEN: 'cross',
  DELIVERED: 'check',
  RECEIVED: 'check',
  REJECTED: 'cross',
  ACTIVE: 'check',
  DRAFT: 'pen',
  ARCHIVED: 'barred',
  ENABLED: 'check',
  DISABLED: 'pause',
};

export function toneOf(status: string): Tone {
  return TONES[status] ?? 'neutral';
}

export function shapeOf(status: string): Shape {
  return SHAPES[status] ?? 'ring';
}

/** The word of a state or of any other constant: TIMED_OUT is "timed out". */
export function wordOf(constant: string): string {
  return constant.toLowerCase().replaceAll('_', ' ');
}
