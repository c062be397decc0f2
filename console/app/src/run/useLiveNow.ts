// The server's present for what moves: ten times a second while a run goes on, else to the second.
import { useEffect, useState } from 'react';
import { serverNow } from '../api/clock';

const EVERY = 100;

export function useLiveNow(isLive: boolean, second: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => {
      if (!document.hidden) setNow(serverNow());
    }, EVERY);
    return () => clearInterval(timer);
  }, [isLive]);
  return isLive ? now : second;
}
