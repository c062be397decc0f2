// The roles that keys have, each with what it may.
import type { Role } from '../../graphql/graphql';

interface RoleChoice {
  readonly value: Role;
  readonly name: string;
  readonly may: string;
}

/** Each may also do all that those before it may. */
export const ROLES: readonly RoleChoice[] = [
  { value: 'VIEWER', name: 'Viewer', may: 'May read and subscribe.' },
  { value: 'OPERATOR', name: 'Operator', may: 'May also start, cancel, pause, resume, retry and signal executions, and replay events.' },
  { value: 'EDITOR', name: 'Editor', may: 'May also change workflows, rules, templates, schedules, webhooks and breakers.' },
  { value: 'ADMIN', name: 'Admin', may: 'May also make and revoke keys, set secrets and read the audit.' },
];

export function nameOfRole(role: Role): string {
  return ROLES.find(({ value }) => value === role)?.name ?? role;
}

export function rightsOfRole(role: Role): string | undefined {
  return ROLES.find(({ value }) => value === role)?.may;
}
