// The server's clock: what happens there is told in its time, so that is the time that durations are measured by.

let ahead = 0;
let isKnown = false;
let least = -Infinity;

/** Takes the `Date` of an answer, which is cut to the second; `sent` and `received` are milliseconds of this clock. */
export function calibrate(date: string | null, sent: number, received: number): void {
  const at = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  // The server wrote it within [sent, received], at some time in that second.
  const lower = at - received;
  const upper = at + 1_000 - sent;
  if (!isKnown || ahead < lower || ahead > upper) ahead = 0 >= lower && 0 <= upper ? 0 : (lower + upper) / 2;
  isKnown = true;
}

/** Takes the time of something that has happened there and was told here just now: it is no earlier than that. */
export function heard(at: number): void {
  least = Math.max(least, at - Date.now());
}

/** Now, in milliseconds since 1970, by the server's clock to within a second. */
export function serverNow(): number {
  return Date.now() + Math.max(ahead, least);
}
