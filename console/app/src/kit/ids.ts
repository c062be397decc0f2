// Ids in short: their kind, and the two ends that tell them apart.

/** ex_01m8…2c for ex_01m8k3x…2c; a text that is no id, or short already, as it is. */
export function shortId(id: string): string {
  const mark = id.indexOf('_');
  if (mark < 0 || id.length - mark <= 12) return id;
  return `${id.slice(0, mark + 5)}…${id.slice(-4)}`;
}
