// Why something waits, in one sentence, with a link to who or what can end it.
import { spell } from '../kit/times';
import type { Wait } from './model';

export interface WaitLink {
  readonly text: string;
  /** The page, and what is asked of it. */
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

export interface WaitSentence {
  readonly text: string;
  /** The moment that is waited for; null where there is none. */
  readonly until: number | null;
  readonly link: WaitLink | null;
}

/** The sentence for a wait of `who`, a step's path; null of the run as a whole. */
export function waitSentence(wait: Wait, who: string | null, now: number): WaitSentence {
  const { path, detail } = split(wait, who);
  const subject = path ?? 'It';
  const until = wait.until === null ? '' : ` until ${inTime(wait.until, now)}`;
  const sentence = (text: string, more: Partial<WaitSentence> = {}): WaitSentence => ({
    text: `${subject} ${text}.`,
    until: wait.until,
    link: null,
    ...more,
  });
  switch (wait.kind) {
    case 'TIMER':
      return sentence(`waits${until || ' for its time'}${detail === null ? '' : `: ${detail}`}`);
    case 'RETRY':
      return sentence(
        wait.until === null ? 'waits to be tried again' : `is tried again ${inTime(wait.until, now, 'at ')}`,
      );
    case 'SIGNAL':
      return sentence(`waits for the signal ${detail ?? ''}${until}`.replace('  ', ' '));
    case 'CALLBACK':
      return sentence(`waits for the receiver of its event to call back${until}`, {
        link: { text: 'webhooks', to: '/webhooks' },
      });
    case 'CIRCUIT_BREAKER':
      return sentence(`waits for the circuit breaker of ${detail ?? 'its service'}${until}`, {
        link: { text: 'open breaker', to: '/breakers', ...(detail === null ? {} : { search: { service: detail } }) },
      });
    case 'DEPENDENCY':
      return dependency(detail, sentence);
    case 'CONCURRENCY':
      return sentence(
        `waits for a place${detail === null ? ' among those that may run at a time' : `: ${detail}`}${until}`,
      );
    case 'PAUSED':
      return sentence('is paused until somebody resumes it');
    case 'WORKER':
      return sentence('waits for a worker to take it on', { link: { text: 'workers', to: '/workers' } });
  }
}

function dependency(
  detail: string | null,
  sentence: (text: string, more?: Partial<WaitSentence>) => WaitSentence,
): WaitSentence {
  const child = detail?.match(/ex_\w+/)?.[0];
  if (child !== undefined) {
    return sentence('waits for the execution that it has started', {
      link: { text: 'open it', to: `/executions/${child}` },
    });
  }
  return sentence(
    detail === null ? 'waits for other steps' : `runs ${detail.startsWith('after ') ? detail : `after ${detail}`}`,
  );
}

/** The reason of a run names the step: "approval: approval" is the signal approval, of the step approval. */
function split(wait: Wait, who: string | null): { path: string | null; detail: string | null } {
  if (who !== null || wait.detail === null) return { path: who, detail: wait.detail };
  const colon = wait.detail.indexOf(': ');
  const path = colon < 0 ? null : wait.detail.slice(0, colon);
  if (path === null || !/^[\w.[\]]+$/.test(path)) return { path: null, detail: wait.detail };
  return { path, detail: wait.detail.slice(colon + 2) };
}

function inTime(time: number, now: number, at = ''): string {
  const clock = new Date(time).toLocaleTimeString('en-GB');
  const day =
    Math.abs(time - now) > 20 * 3_600_000
      ? `${new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, `
      : '';
  return time > now ? `${at}${day}${clock} (in ${spell(time - now)})` : `${at}${day}${clock}, which is now`;
}
