// Live, ended, connecting, or reconnecting since when: nobody takes an old picture for the present one.
import { useConnection } from '../api/live';
import { useNow } from '../kit/useNow';
import { spell } from '../kit/times';
import style from './ConnectionState.module.css';

export function ConnectionState() {
  const connection = useConnection();
  const now = useNow();
  if (connection.state === 'idle') return null;
  const seconds = connection.state === 'reconnecting' ? Math.max(0, Math.round((now - connection.since) / 1_000)) : 0;
  return (
    <span className={style.state} data-state={connection.state}>
      <span role="status">{WORDS[connection.state]}</span>
      {seconds > 0 && <span aria-hidden="true"> since {spell(seconds * 1_000)}</span>}
    </span>
  );
}

const WORDS = { connecting: 'connecting', live: 'live', ended: 'ended', reconnecting: 'reconnecting' } as const;
