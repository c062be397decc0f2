// Durations and times as people read them.
import { describe, expect, it } from 'vitest';
import { milliseconds, relative, spell } from './times';

describe('a duration of the API', () => {
  it.each([
    ['PT0.5S', 500],
    ['PT1M42S', 102_000],
    ['P1DT2H', 93_600_000],
    ['P2W', 1_209_600_000],
    ['-PT3S', -3_000],
    ['PT0S', 0],
  ])('%s is %i ms', (duration, expected) => expect(milliseconds(duration)).toBe(expected));

  it.each(['', 'P', 'PT', '5s', 'P1Y', '<script>'])('%j is none', (text) => expect(milliseconds(text)).toBeNull());
});

describe('a length of time', () => {
  it.each([
    [0, '0 s'],
    [0.4, '1 ms'],
    [48, '48 ms'],
    [900, '0.9 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [102_000, '1 min 42 s'],
    [3_599_600, '1 h'],
    [3_600_000 * 3 + 60_000 * 5, '3 h 5 min'],
    [86_400_000 * 3 + 3_600_000 * 4, '3 d 4 h'],
    [-1_500, '−1.5 s'],
  ])('%d ms is %s', (ms, expected) => expect(spell(ms)).toBe(expected));
});

describe('a moment', () => {
  it.each([
    [0, 'now'],
    [2_500, '2 s ago'],
    [150_000, '2 min ago'],
    [-8_000, 'in 8 s'],
    [86_400_000 * 5, '5 d ago'],
  ])('%d ms before now is %s', (gap, expected) => expect(relative(1e12 - gap, 1e12)).toBe(expected));
});
