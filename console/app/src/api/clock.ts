// The server's clock: what happens there is told in its time, so that is the time that durations are measured by.

let ahead = 0;
let isKnown = false;

/** Takes the `Date` of an answer, which is cut to the second; `sent` and `received` are milliseconds of this clock. */
export function calibrate(date: string | null, sent: number, received: number): void {
  const at = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  // The server wrote it within [sent, received], at some time in that second.
  const least = at - received;
  const most = at + 1_000 - sent;
  if (!isKnown || ahead < least || ahead > most) ahead = 0 >= least && 0 <= most ? 0 : (least + most) / 2;
  isKnown = true;
}

/** Now, in milliseconds since 1970, by the server's clock to within a second. */
export function serverNow(): number {
  return Date.now() + ahead;
}
