// The pauses between attempts at connecting again.

const SHORTEST = 250;
const LONGEST = 5_000;

/** Milliseconds before an attempt, the first being 1. They double, and `chance` (0 to 1) keeps many tabs apart. */
export function pauseBefore(attempt: number, chance: number): number {
  const full = Math.min(LONGEST, SHORTEST * 2 ** (attempt - 1));
  return full / 2 + (full / 2) * chance;
}
