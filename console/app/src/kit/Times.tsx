// Moments and lengths of time.
import { useNow } from './useNow';
import { clockTime, milliseconds, moments, relative, spell } from './times';

/** How long ago, or in how long; on hover the moment in local time and in UTC. */
export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={moments(at)}>
      {relative(Date.parse(at), now)}
    </time>
  );
}

/** The time of day; on hover the moment in local time and in UTC. */
export function At({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={moments(at)}>
      {clockTime(at, now)}
    </time>
  );
}

/** A length of time as the API writes it, such as PT1.5S. */
export function Took({ duration }: { readonly duration: string }) {
  const ms = milliseconds(duration);
  return <time dateTime={duration}>{ms === null ? duration : spell(ms)}</time>;
}

/** The time since a moment, while it goes on. */
export function Since({ at }: { readonly at: string }) {
  return <>{spell(Math.max(0, useNow() - Date.parse(at)))}</>;
}
