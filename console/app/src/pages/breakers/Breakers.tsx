// Circuit breakers, live: which services are held off, until when, and what waits for them.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { filled } from '../../addresses';
import { useMay } from '../../api/principal';
import type { CircuitBreakerState } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { SelectField } from '../../kit/Field';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { BreakerSheet, NewBreaker } from './BreakerSheet';
import style from './Breakers.module.css';
import { useBreakers, type Breaker } from './useBreakers';

const STATES = ['OPEN', 'HALF_OPEN', 'CLOSED'] as const;
const CHOICES = [
  { value: '', name: 'All' },
  { value: 'OPEN', name: 'Open' },
  { value: 'HALF_OPEN', name: 'Half open' },
  { value: 'CLOSED', name: 'Closed' },
] as const;

export function Breakers() {
  const search = useSearch({ from: '/breakers' });
  const navigate = useNavigate();
  const may = useMay();
  const state = STATES.find((each) => each === search.state);
  const { asked, rows } = useBreakers(state, search.after);
  const { data, failure, again, isStale } = asked;

  const refresh = () => again({ requestPolicy: 'network-only' });

  function go(next: Partial<Record<'state' | 'after' | 'service' | 'new', string | undefined>>): void {
    void navigate({ to: '/breakers', search: filled(next) });
  }

  return (
    <Page
      heading="Breakers"
      note={data && count(data.circuitBreakers.totalCount)}
      actions={may('Mutation.updateCircuitBreaker') && <Button onClick={() => go({ ...search, new: 'yes' })}>Configure a service…</Button>}
    >
      <div className={style.filter}>
        <SelectField<CircuitBreakerState | ''> label="State" value={state ?? ''} onChange={(chosen) => go({ state: chosen })} choices={CHOICES} />
      </div>
      {failure !== undefined &&
        (data ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={refresh} />)}
      {data === undefined ? (
        failure === undefined && <Loading />
      ) : rows.length === 0 ? (
        <NoBreakers state={state} />
      ) : (
        <>
          <Table label="Circuit breakers" columns={COLUMNS} items={rows} keyOf={(row) => row.id} isStale={isStale && data.circuitBreakers.nodes.length === 0} />
          <ListPages page={data.circuitBreakers.pageInfo} after={search.after} onPage={(after) => go({ state, after })} />
        </>
      )}
      {search.service !== undefined && <BreakerSheet key={search.service} serviceId={search.service} onClose={() => go({ ...search, service: undefined })} onChanged={refresh} />}
      {search.new !== undefined && (
        <NewBreaker onClose={() => go({ state })} onMade={(service) => go({ state, service })} />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Breaker>[] = [
  { name: 'Service', cell: (row) => <ServiceLink row={row} />, grows: true },
  { name: 'State', cell: (row) => <Status status={row.state} /> },
  { name: 'Failures in a row', cell: (row) => `${count(row.failureCount)} of ${count(row.config.failureThreshold)}`, align: 'end' },
  { name: 'Next call', cell: (row) => row.nextProbeAt && <Ago at={row.nextProbeAt} /> },
  { name: 'Wait for it', cell: (row) => <WaitLink breaker={row} />, align: 'end' },
  { name: 'Changed', cell: (row) => <Ago at={row.updatedAt} /> },
];

function ServiceLink({ row }: { readonly row: Breaker }) {
  return (
    <Link to="/breakers" search={(before) => ({ ...before, service: row.serviceId })} className={style.name ?? ''}>
      <bdi>{row.serviceId}</bdi>
    </Link>
  );
}

/** The number of executions that wait for it, which leads to their list. */
export function WaitLink({ breaker }: { readonly breaker: Breaker }) {
  if (breaker.waitingExecutions === 0) return 0;
  return (
    <Link to="/executions" search={{ waits: 'CIRCUIT_BREAKER', service: breaker.serviceId }}>
      {count(breaker.waitingExecutions)}
    </Link>
  );
}

function NoBreakers({ state }: { readonly state: string | undefined }) {
  if (state !== undefined) return <Empty title="No breaker is in this state">States change by themselves; this list follows them.</Empty>;
  return (
    <Empty title="No service was called yet">
      A breaker is made for each service with its first call. To set one up beforehand:
      <pre>stepgraph breakers configure api.example.com:443 --failures 10</pre>
    </Empty>
  );
}
