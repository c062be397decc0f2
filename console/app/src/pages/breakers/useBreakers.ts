// Circuit breakers, followed live: a list of them, or one.
import { useEffect, useState } from 'react';
import { listen } from '../../api/live';
import { useAsk, type Asked } from '../../api/useAsk';
import type { BreakerQuery, BreakerRowFragment, BreakersQuery, CircuitBreakerState } from '../../graphql/graphql';
import { BREAKER, BREAKER_CHANGES, BREAKERS } from './queries';

export type Breaker = BreakerRowFragment;

const PAGE = 50;
const AGAIN_EVERY = 10_000; // what waits changes without a change of the breaker

/** The rows stay where they are while their states change; a new service joins the list. */
export function useBreakers(
  state: CircuitBreakerState | undefined,
  after: string | undefined,
): { readonly asked: Asked<BreakersQuery>; readonly rows: readonly Breaker[] } {
  const asked = useAsk(BREAKERS, { state: state ?? null, first: PAGE, after: after ?? null }, { every: AGAIN_EVERY });
  const found = asked.data?.circuitBreakers.nodes;
  const heard = useHeard(null, asked.again);
  const isUnknown = found !== undefined && [...heard.keys()].some((serviceId) => !found.some((row) => row.serviceId === serviceId));
  const { again } = asked;
  useEffect(() => {
    if (isUnknown) again({ requestPolicy: 'network-only' });
  }, [isUnknown, again]);
  return { asked, rows: (found ?? []).map((row) => newest(row, heard)) };
}

/** Null of a service that has none. */
export function useBreaker(serviceId: string): { readonly asked: Asked<BreakerQuery>; readonly breaker: Breaker | null | undefined } {
  const asked = useAsk(BREAKER, { serviceId }, { every: AGAIN_EVERY });
  const heard = useHeard(serviceId, asked.again);
  const found = asked.data?.circuitBreaker;
  return { asked, breaker: found == null ? found : newest(found, heard) };
}

/** What was told of each service last. `null` listens to all of them. */
function useHeard(serviceId: string | null, again: Asked<unknown>['again']): ReadonlyMap<string, Breaker> {
  const [heard, setHeard] = useState<ReadonlyMap<string, Breaker>>(new Map());
  useEffect(
    () =>
      listen(BREAKER_CHANGES, () => ({ serviceId }), {
        next: ({ circuitBreakerUpdates: breaker }) => setHeard((before) => new Map(before).set(breaker.serviceId, breaker)),
        resumed: () => again({ requestPolicy: 'network-only' }),
      }),
    [serviceId, again],
  );
  return heard;
}

function newest(row: Breaker, heard: ReadonlyMap<string, Breaker>): Breaker {
  const told = heard.get(row.serviceId);
  return told !== undefined && told.updatedAt > row.updatedAt ? told : row;
}
