// Times at which a schedule fires, by its own clock.
import { Ago } from '../../kit/Times';
import style from './Schedules.module.css';

export function Runs({ times, timezone }: { readonly times: readonly string[]; readonly timezone: string }) {
  return (
    <ol className={style.runs}>
      {times.map((at) => (
        <li key={at}>
          {inZone(at, timezone)}{' '}
          <span>
            <Ago at={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** The moment by the schedule's own clock; in UTC where the browser does not know its zone. */
function inZone(at: string, timeZone: string): string {
  const options = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const;
  try {
    return new Date(at).toLocaleString('en-GB', { ...options, timeZone });
  } catch {
    return `${new Date(at).toLocaleString('en-GB', { ...options, timeZone: 'UTC' })} UTC`;
  }
}
