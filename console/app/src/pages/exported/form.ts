// Checks of the form of JSON values, which say the first place that has another one.

/** What is wrong with the value at a place, such as "steps[3].path is missing"; null where it has the form. */
export type Check = (value: unknown, place: string) => string | null;

export const text: Check = (value, place) => (typeof value === 'string' ? null : fault(value, place, 'no text'));

export const number: Check = (value, place) => (Number.isFinite(value) ? null : fault(value, place, 'no number'));

export const moment: Check = (value, place) =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? null : fault(value, place, 'no time');

export function orNull(check: Check): Check {
  return (value, place) => (value === null || value === undefined ? null : check(value, place));
}

export function oneOf(words: readonly string[]): Check {
  return (value, place) =>
    typeof value === 'string' && words.includes(value) ? null : fault(value, place, `none of ${words.join(', ')}`);
}

/** An object with these members, and any others. */
export function object(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members);
  return (value, place) => {
    if (!isObject(value)) return fault(value, place, 'no object');
    for (const [name, check] of checks) {
      const found = check(value[name], place === '' ? name : `${place}.${name}`);
      if (found !== null) return found;
    }
    return null;
  };
}

/** An object whose members are all of this form. */
export function objectOf(check: Check): Check {
  return (value, place) => {
    if (!isObject(value)) return fault(value, place, 'no object');
    return first(Object.entries(value), ([name, member]) => check(member, `${place}.${name}`));
  };
}

export function listOf(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return fault(value, place, 'no list');
    return first([...value.entries()], ([index, item]) => check(item, `${place}[${index}]`));
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fault(value: unknown, place: string, is: string): string {
  return `${place} is ${value === undefined ? 'missing' : is}`;
}

function first<Item>(items: readonly Item[], check: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = check(item);
    if (found !== null) return found;
  }
  return null;
}
