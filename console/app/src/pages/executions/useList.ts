// A page of the list, followed live: changes that come at once are taken together.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { listen } from '../../api/live';
import { serverNow } from '../../api/clock';
import { useAsk, type Asked } from '../../api/useAsk';
import type { ExecutionsQuery } from '../../graphql/graphql';
import { hear, NONE, type Changes, type Row } from './changes';
import { apiFilter, type Filter } from './filter';
import { CHANGES, EXECUTIONS } from './queries';

export const PAGE = 50;
const PAUSE = 200; // ms between two pictures of the list; the first change after a quiet while is shown at once

export interface List {
  readonly asked: Asked<ExecutionsQuery>;
  readonly rows: readonly Row[];
  readonly changes: Changes;
  /** Reads the list anew, with all that is new in it. */
  readonly refresh: () => void;
}

/** Where a page is: after or before a cursor; without either it is the first. */
export interface PagePlace {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

export function useList(filter: Filter, { after, before }: PagePlace): List {
  const key = JSON.stringify(filter);
  const variables = useMemo(
    () => ({
      filter: apiFilter(JSON.parse(key) as Filter, serverNow()),
      ...(before === undefined ? { first: PAGE, after: after ?? null } : { first: null, last: PAGE, before }),
    }),
    [key, after, before],
  );
  const asked = useAsk(EXECUTIONS, variables);
  const list = asked.data?.executions.nodes;
  const [heard, setHeard] = useState<{ readonly list: readonly Row[] | undefined; readonly changes: Changes }>();
  const changes = heard !== undefined && heard.list === list ? heard.changes : NONE;
  const shown = useRef(list);
  useEffect(() => {
    shown.current = list;
  }, [list]);

  const { again } = asked;
  const refresh = useCallback(() => again({ requestPolicy: 'network-only' }), [again]);
  useEffect(() => {
    const status = variables.filter.status == null ? undefined : [variables.filter.status].flat();
    let waiting: Row[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = -PAUSE;
    function take(): void {
      const current = shown.current;
      timer = current === undefined ? setTimeout(take, PAUSE) : undefined;
      if (current === undefined) return;
      last = performance.now();
      const taken = waiting;
      waiting = [];
      const list = { ids: new Set(current.map((row) => row.id)), newest: current[0]?.createdAt ?? null, status };
      setHeard((before) => ({
        list: current,
        changes: hear(before?.list === current ? before.changes : NONE, taken, list),
      }));
    }
    // A row that leaves the filter by its status is to be seen leaving it: so all statuses are listened to.
    const stop = listen(CHANGES, () => ({ filter: { ...variables.filter, status: null } }), {
      next: (data) => {
        waiting.push(data.executionUpdates);
        timer ??= setTimeout(take, Math.max(0, last + PAUSE - performance.now()));
      },
      resumed: refresh,
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [variables, refresh]);

  const rows = useMemo(() => (list ?? []).map((row) => changes.changed.get(row.id) ?? row), [list, changes]);
  return { asked, rows, changes, refresh };
}
