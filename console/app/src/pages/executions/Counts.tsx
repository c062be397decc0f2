// How many there are of each status; a press filters by it.
import { useMemo } from 'react';
import { serverNow } from '../../api/clock';
import { useAsk } from '../../api/useAsk';
import type { ExecutionStatus } from '../../graphql/graphql';
import { count } from '../../kit/numbers';
import { wordOf } from '../../kit/states';
import { StateMark } from '../../kit/Status';
import { apiFilter, STATUSES, statusesOf, without, type Filter } from './filter';
import { COUNTS } from './queries';
import style from './Executions.module.css';

const AGAIN_EVERY = 5_000;
const ALWAYS: ReadonlySet<ExecutionStatus> = new Set(['RUNNING', 'COMPLETED', 'FAILED']);

export function Counts({ filter, onFilter }: { readonly filter: Filter; readonly onFilter: (filter: Filter) => void }) {
  const chosen = statusesOf(filter);
  const others = without(filter, 'status', filter.status ?? '');
  const variables = useVariables(JSON.stringify(others));
  const { data } = useAsk(COUNTS, variables, { every: AGAIN_EVERY });
  const counts = new Map(data?.executionCounts.statuses.map((each) => [each.status, each]));
  return (
    <div className={style.counts} role="group" aria-label="By status">
      {STATUSES.map((status) => {
        const found = counts.get(status);
        const isChosen = chosen.includes(status);
        if ((found?.count ?? 0) === 0 && !isChosen && !ALWAYS.has(status)) return null;
        return (
          <button
            key={status}
            type="button"
            className={style.count}
            aria-pressed={isChosen}
            onClick={() => onFilter(toggled(others, chosen, status))}
          >
            <StateMark status={status} /> {wordOf(status)}{' '}
            <b>{found === undefined ? '·' : `${found.isEstimate ? '≈ ' : ''}${count(found.count)}`}</b>
          </button>
        );
      })}
    </div>
  );
}

/** What is asked for a filter, written as JSON: its times are counted from when it was chosen. */
function useVariables(filter: string) {
  return useMemo(() => ({ filter: apiFilter(JSON.parse(filter) as Filter, serverNow()) }), [filter]);
}

function toggled(others: Filter, chosen: readonly ExecutionStatus[], status: ExecutionStatus): Filter {
  const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
  return next.length === 0 ? others : { ...others, status: next.join(',') };
}
