// Reasons by how often they occur.
import { expect, it } from 'vitest';
import { grouped } from './groups';

it('puts the most frequent first, and keeps the order of equals', () => {
  const found = grouped(['a', 'b', 'b', 'c', 'd'], (letter) => letter, 3);
  expect(found.map((group) => [group.key, group.size])).toEqual([
    ['b', 2],
    ['a', 1],
    ['c', 1],
  ]);
});

it('has nothing of nothing', () => {
  expect(grouped([], String, 3)).toEqual([]);
});
