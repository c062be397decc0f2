// The list of executions: a filter that lives in the address, counts by status, and rows that stay where they are.
import { lazy, Suspense } from 'react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Button } from '../../kit/Button';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { Table } from '../../kit/Table';
import { newOnes } from './changes';
import { COLUMNS, shownColumns } from './columns';
import { Counts } from './Counts';
import { FilterField } from './FilterField';
import { readSearch, type Filter } from './filter';
import { useList, type List, type PagePlace } from './useList';
import style from './Executions.module.css';

// What most do not open at once: the list itself is there before.
const ListMenus = lazy(() => import('./ListMenus').then((module) => ({ default: module.ListMenus })));

export function Executions() {
  const search = useSearch({ from: '/executions' });
  const navigate = useNavigate();
  const filter = readSearch(search);
  const { after, before } = search;
  const hidden = search.without?.split(',') ?? [];
  const list = useList(filter, { after, before });

  function go(next: { readonly filter?: Filter; readonly place?: PagePlace; readonly hidden?: readonly string[] }): void {
    const columns = (next.hidden ?? hidden).join(',');
    const written = { ...(next.filter ?? filter), ...next.place, ...(columns !== '' && { without: columns }) };
    void navigate({ to: '/executions', search: written as Filter });
  }

  const { failure, data, again } = list.asked;
  const page = data?.executions.pageInfo;
  return (
    <Page
      heading="Executions"
      actions={
        <Suspense>
          <ListMenus
            {...{ filter, hidden }}
            onView={(next, without) => go({ filter: next, hidden: without })}
            onHidden={(next) => go({ place: { after, before }, hidden: next })}
          />
        </Suspense>
      }
    >
      <FilterField key={JSON.stringify(filter)} filter={filter} onFilter={(next) => go({ filter: next })} />
      <div className={style.bar}>
        <Counts filter={filter} onFilter={(next) => go({ filter: next })} />
        <NewOnes list={list} isFirst={after === undefined && before === undefined} onFirst={() => go({})} />
      </div>
      {failure !== undefined &&
        (data ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={() => again({ requestPolicy: 'network-only' })} />)}
      {page === undefined ? (
        failure === undefined && <Loading rows={16} />
      ) : list.rows.length === 0 ? (
        <Nothing filter={filter} onAll={() => go({ filter: {} })} />
      ) : (
        <>
          <Table
            label="Executions"
            columns={shownColumns(COLUMNS, hidden)}
            items={list.rows}
            keyOf={(row) => row.id}
            isStale={list.asked.isStale && list.asked.data === undefined}
          />
          <nav className={style.pages} aria-label="Pages of the list">
            {(after !== undefined || before !== undefined) && <Button onClick={() => go({})}>Newest</Button>}
            <Button disabled={!page.hasPreviousPage} onClick={() => go({ place: { before: page.startCursor ?? undefined } })}>
              ‹ Previous
            </Button>
            <Button disabled={!page.hasNextPage} onClick={() => go({ place: { after: page.endCursor ?? undefined } })}>
              Next ›
            </Button>
          </nav>
        </>
      )}
    </Page>
  );
}

function NewOnes({ list, isFirst, onFirst }: { readonly list: List; readonly isFirst: boolean; readonly onFirst: () => void }) {
  const isThere = list.changes.added.size > 0;
  return (
    <span className={style.added} aria-live="polite">
      {isThere && (
        <Button
          onClick={() => {
            if (isFirst) list.refresh();
            else onFirst();
          }}
        >
          ↑ {newOnes(list.changes)}
        </Button>
      )}
    </span>
  );
}

function Nothing({ filter, onAll }: { readonly filter: Filter; readonly onAll: () => void }) {
  if (Object.keys(filter).length > 0) {
    return (
      <Empty title="No execution is like that" action={<Button onClick={onAll}>Show all</Button>}>
        The filter is for what the address says. Times are those at which executions were created.
      </Empty>
    );
  }
  return (
    <Empty title="Nothing was executed yet">
      Here is every run of a workflow, as soon as there is one. To start one:
      <pre>stepgraph run examples/order.yaml</pre>
      <pre>{'mutation { executeWorkflow(input: {workflowName: "order", input: {}}) { __typename } }'}</pre>
    </Empty>
  );
}
