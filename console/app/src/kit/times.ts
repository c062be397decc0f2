// Times and durations as people read them: 0.9 s, 1 min 42 s, 3 d 4 h; 2 min ago, in 8 s.

const ISO = /^(-)?P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds of an ISO 8601 duration as the API writes them (PT0.5S, P1DT2H); null for a text that is none. */
export function milliseconds(duration: string): number | null {
  const found = ISO.exec(duration);
  if (found === null || duration.endsWith('P') || duration.endsWith('T')) return null;
  const [, sign, weeks, days, hours, minutes, seconds] = found;
  const sum =
    Number(weeks ?? 0) * 7 * DAY +
    Number(days ?? 0) * DAY +
    Number(hours ?? 0) * HOUR +
    Number(minutes ?? 0) * MINUTE +
    Number(seconds ?? 0) * SECOND;
  return sign === undefined ? sum : -sum;
}

/** A length of time in its two largest units. */
export function spell(ms: number): string {
  if (ms < 0) return `−${spell(-ms)}`;
  if (ms === 0) return '0 s';
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE - 500) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR - 500) return two(ms, MINUTE, 'min', SECOND, 's');
  if (ms < DAY - 30 * SECOND) return two(ms, HOUR, 'h', MINUTE, 'min');
  return two(ms, DAY, 'd', HOUR, 'h');
}

/** How long ago it was, or in how long it will be. */
export function relative(at: number, now: number): string {
  const gap = now - at;
  if (Math.abs(gap) < 1_000) return 'now';
  const text = one(Math.abs(gap));
  return gap > 0 ? `${text} ago` : `in ${text}`;
}

/** The moment in the reader's time zone and in UTC. */
export function moments(at: string): string {
  const date = new Date(at);
  return `${date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })}\n${date.toISOString()}`;
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hour12: false }); // a new one each time is slow

/** The time of day, with the date when it is not today's. */
export function clockTime(at: string, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const time = TIME.format(date);
  return isToday ? time : `${date.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })}, ${time}`;
}

function one(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const smalls = Math.round(ms / small);
  const perLarge = large / small;
  const rest = smalls % perLarge;
  const first = `${Math.floor(smalls / perLarge)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}
