// The pages that the way around leads to, in the order of their use.
import type { LinkProps } from '@tanstack/react-router';
import type { FieldName } from '../api/principal';

export interface Place {
  readonly to: NonNullable<LinkProps['to']>;
  readonly name: string;
  /** What the page shows; those who may not read it are not led there. */
  readonly reads?: FieldName;
}

export const PLACES: readonly Place[] = [
  { to: '/', name: 'Overview' },
  { to: '/executions', name: 'Executions' },
  { to: '/workflows', name: 'Workflows' },
  { to: '/workers', name: 'Workers' },
  { to: '/breakers', name: 'Breakers' },
  { to: '/schedules', name: 'Schedules' },
  { to: '/expressions', name: 'Expressions' },
  { to: '/rules', name: 'Rules' },
  { to: '/templates', name: 'Templates' },
  { to: '/webhooks', name: 'Webhooks' },
  { to: '/secrets', name: 'Secrets', reads: 'Query.secrets' },
  { to: '/keys', name: 'Keys', reads: 'Query.apiKeys' },
  { to: '/audit', name: 'Audit', reads: 'Query.auditEntries' },
];

/** The pages that somebody may read to whom these fields are denied. */
export function placesFor(denied: readonly string[] | undefined): readonly Place[] {
  return PLACES.filter(({ reads }) => reads === undefined || denied?.includes(reads) !== true);
}

/** Those that fit into the bar of a wide window; the others are in its menu. */
export const IN_BAR = 7;
