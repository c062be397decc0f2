// The pages that the way around leads to, in the order of their use.
import type { LinkProps } from '@tanstack/react-router';

export interface Place {
  readonly to: NonNullable<LinkProps['to']>;
  readonly name: string;
}

export const PLACES: readonly Place[] = [
  { to: '/', name: 'Overview' },
  { to: '/executions', name: 'Executions' },
  { to: '/workflows', name: 'Workflows' },
  { to: '/workers', name: 'Workers' },
  { to: '/breakers', name: 'Breakers' },
  { to: '/audit', name: 'Audit' },
];

/** Those that fit into the bar of a wide window; the others are in its menu. */
export const IN_BAR = 7;
