// Pauses grow, stay bounded, and are not the same for all.
import { expect, it } from 'vitest';
import { pauseBefore } from './pauses';

it('begins at once and never waits more than five seconds', () => {
  expect(pauseBefore(1, 0)).toBe(125);
  expect(pauseBefore(1, 1)).toBe(250);
  expect(pauseBefore(50, 1)).toBe(5_000);
});

it('is longer the more often it failed', () => {
  const pauses = [1, 2, 3, 4, 5].map((attempt) => pauseBefore(attempt, 0.5));
  expect([...pauses].sort((a, b) => a - b)).toEqual(pauses);
});
