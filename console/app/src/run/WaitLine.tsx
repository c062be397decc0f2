// Why something waits, in one sentence, with a link to what can end it.
import { Link, useRouter } from '@tanstack/react-router';
import { StateMark } from '../kit/Status';
import type { Wait } from './model';
import { waitSentence } from './waits';
import style from './Inspector.module.css';

export function WaitLine({
  wait,
  who,
  now,
  leads = true,
}: {
  readonly wait: Wait;
  readonly who: string | null;
  readonly now: number;
  /** False where the link leads nowhere: the run is of another time, and maybe of another place. */
  readonly leads?: boolean;
}) {
  const { text, link } = waitSentence(wait, who, now);
  const router = useRouter();
  const isThere = (address: string): boolean => router.getMatchedRoutes(address)[2] !== undefined;
  return (
    <p className={style.wait}>
      <StateMark status={wait.kind === 'PAUSED' ? 'PAUSED' : 'WAITING'} />
      <span>{text}</span>
      {leads && link !== null && isThere(link.to) && (
        <Link to={link.to} search={link.search ?? {}}>
          {link.text}
        </Link>
      )}
    </p>
  );
}
