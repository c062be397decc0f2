// The next runs of a schedule as it is typed, before it is saved.
import type { Failure } from '../../api/failure';
import { askExactly } from '../../api/useExactAct';
import { useSettled } from '../../api/useSettled';
import { PREVIEW_SCHEDULE } from './queries';
import { Runs } from './Runs';
import style from './Schedules.module.css';

export interface FoundRuns {
  readonly nextRuns?: readonly string[];
  readonly warnings?: readonly string[];
  readonly failure?: Failure;
}

/** undefined while they are asked for, and while no expression is typed. */
export function useUpcoming(cron: string, timezone: string): FoundRuns | undefined {
  return useSettled<FoundRuns>(cron === '' ? null : `${timezone} ${cron}`, async () => {
    const outcome = await askExactly(PREVIEW_SCHEDULE, { input: { cron, timezone } }, (data) => data.previewSchedule);
    if ('failure' in outcome) return { failure: outcome.failure };
    return outcome.data.previewSchedule.__typename === 'SchedulePreview' ? outcome.data.previewSchedule : null;
  });
}

export function Upcoming({ found, timezone }: { readonly found: FoundRuns | undefined; readonly timezone: string }) {
  return (
    <section className={style.upcoming} aria-label="Next runs" aria-live="polite">
      {found?.warnings?.map((warning) => (
        <p key={warning} className={style.note}>
          {warning}
        </p>
      ))}
      {found?.nextRuns && <Runs times={found.nextRuns} timezone={timezone} />}
    </section>
  );
}
