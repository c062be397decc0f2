// How it goes: the last day in numbers and over time, what fails most, what waits, and what is open right now.
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, type ReactNode } from 'react';
import { serverNow } from '../../api/clock';
import { useAsk } from '../../api/useAsk';
import type { OverviewQuery } from '../../graphql/graphql';
import { FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count, counted, share } from '../../kit/numbers';
import { Page, Section } from '../../kit/Page';
import { wordOf } from '../../kit/states';
import { StateMark, Status } from '../../kit/Status';
import { milliseconds } from '../../kit/times';
import { Ago, Took } from '../../kit/Times';
import { grouped } from './groups';
import { Parts } from './Parts';
import { OVERVIEW, type Part } from './queries';
import style from './Overview.module.css';

const EndedChart = lazy(() => import('./Charts').then((module) => ({ default: module.EndedChart })));
const DurationChart = lazy(() => import('./Charts').then((module) => ({ default: module.DurationChart })));

const DAY = 86_400_000;
const BUCKET = 900_000;
const AGAIN_EVERY = 5_000;
const MOST_REASONS = 6;

export function Overview() {
  const variables = useMemo(() => variablesAt(serverNow()), []);
  const { data, failure, again } = useAsk(OVERVIEW, variables, { every: AGAIN_EVERY });
  return (
    <Page heading="Overview" note="the last 24 hours" actions={data && <SystemState health={data.health} />}>
      {failure !== undefined && (data ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {data ? <Found data={data} /> : failure === undefined && <Loading rows={12} />}
    </Page>
  );
}

/** From the start of the part of the day that began a day ago, so that the parts are whole. */
function variablesAt(now: number): { readonly from: string; readonly bucket: string } {
  return { from: new Date(Math.floor((now - DAY) / BUCKET) * BUCKET).toISOString(), bucket: 'PT15M' };
}

function SystemState({ health }: { readonly health: OverviewQuery['health'] }) {
  const depth = health.queues.reduce((sum, queue) => sum + queue.depth, 0);
  return (
    <Link to="/workers" className={style.system ?? ''}>
      <Status status={health.status} />
      <span>{counted(health.workers.length, 'worker')}</span>
      <span>{count(depth)} in queues</span>
    </Link>
  );
}

function Found({ data }: { readonly data: OverviewQuery }) {
  const { metrics } = data;
  return (
    <>
      <dl className={style.numbers}>
        <Figure name="Running now" value={count(metrics.running)} status="RUNNING" />
        <Figure name="Started" value={count(metrics.started)} />
        <Figure name="Completed" value={count(metrics.completed)} status="COMPLETED" />
        <Figure name="Failed" value={count(metrics.failed)} status="FAILED" />
        <Figure name="Success" value={share(metrics.successRate)} />
        <Figure name="p50" value={<Took duration={metrics.duration.p50} />} />
        <Figure name="p95" value={<Slower than={metrics.duration.p95} />} />
      </dl>
      <div className={style.halves}>
        <Ended timeline={metrics.timeline} />
        <Durations timeline={metrics.timeline} duration={metrics.duration} />
      </div>
      <Parts timeline={metrics.timeline} length={BUCKET} />
      <div className={style.halves}>
        <Failures failures={data.failures.nodes} />
        <Waits waits={data.waits.nodes} />
      </div>
      {data.breakers.nodes.length > 0 && <Breakers breakers={data.breakers.nodes} />}
    </>
  );
}

function Figure({ name, value, status }: { readonly name: string; readonly value: ReactNode; readonly status?: string }) {
  const link = status === 'FAILED' ? 'FAILED,TIMED_OUT' : status;
  return (
    <div>
      <dt>
        {status !== undefined && <StateMark status={status} />}
        {name}
      </dt>
      <dd>
        {link === undefined ? (
          value
        ) : (
          <Link to="/executions" search={{ status: link, ...(status !== 'RUNNING' && { since: '24h' }) }}>
            {value}
          </Link>
        )}
      </dd>
    </div>
  );
}

/** A length of time that leads to what took longer: from a second on, for the filter knows no shorter ones. */
function Slower({ than }: { readonly than: string }) {
  const seconds = Math.floor((milliseconds(than) ?? 0) / 1_000);
  if (seconds < 1) return <Took duration={than} />;
  return (
    <Link to="/executions" search={{ over: `${seconds}s`, since: '24h' }} title={`Executions that took longer than ${seconds} s`}>
      <Took duration={than} />
    </Link>
  );
}

function Ended({ timeline }: { readonly timeline: readonly Part[] }) {
  const completed = timeline.reduce((sum, part) => sum + part.completed, 0);
  const failed = timeline.reduce((sum, part) => sum + part.failed, 0);
  return (
    <Section heading="Ended, by quarter of an hour">
      <figure>
        <figcaption className={style.key}>
          <span className={style.completed}>{counted(completed, 'completed', 'completed')}</span>
          <span className={style.failed}>{counted(failed, 'failed', 'failed')}</span>
        </figcaption>
        <Suspense fallback={<div className={style.chart} />}>
          <EndedChart timeline={timeline} />
        </Suspense>
      </figure>
    </Section>
  );
}

function Durations({ timeline, duration }: { readonly timeline: readonly Part[]; readonly duration: OverviewQuery['metrics']['duration'] }) {
  return (
    <Section heading="Durations, by quarter of an hour">
      <figure>
        <figcaption className={style.key}>
          <span className={style.p50}>
            p50 <Took duration={duration.p50} />
          </span>
          <span className={style.p95}>
            p95 <Took duration={duration.p95} />
          </span>
        </figcaption>
        <Suspense fallback={<div className={style.chart} />}>
          <DurationChart timeline={timeline} />
        </Suspense>
      </figure>
    </Section>
  );
}

function Failures({ failures }: { readonly failures: OverviewQuery['failures']['nodes'] }) {
  const reasons = grouped(failures, (run) => `${run.workflow?.name ?? ''} ${run.error?.path ?? ''} ${run.error?.code ?? ''}`, MOST_REASONS);
  return (
    <Section heading="What fails most">
      {reasons.length === 0 ? (
        <p className={style.quiet}>Nothing has failed.</p>
      ) : (
        <ul className={style.reasons}>
          {reasons.map(({ key, first, size }) => (
            <li key={key}>
              <b>{count(size)}</b>
              <ReasonLink workflow={first.workflow?.name} status="FAILED,TIMED_OUT" />
              <span className={style.reason} title={first.error?.message}>
                {first.error?.path != null && <code>{first.error.path}</code>} {first.error?.code}
              </span>
              {first.finishedAt !== null && <Ago at={first.finishedAt} />}
            </li>
          ))}
        </ul>
      )}
      {failures.length === 100 && <p className={style.quiet}>Of the newest 100 that failed.</p>}
    </Section>
  );
}

function Waits({ waits }: { readonly waits: OverviewQuery['waits']['nodes'] }) {
  const reasons = grouped(waits, (run) => `${run.workflow?.name ?? ''} ${run.waitingFor?.kind ?? ''} ${run.waitingFor?.detail ?? ''}`, MOST_REASONS);
  return (
    <Section heading="What waits, and for what">
      {reasons.length === 0 ? (
        <p className={style.quiet}>Nothing waits.</p>
      ) : (
        <ul className={style.reasons}>
          {reasons.map(({ key, first, size }) => (
            <li key={key}>
              <b>{count(size)}</b>
              <ReasonLink workflow={first.workflow?.name} status="WAITING,PAUSED" />
              <span className={style.reason}>
                {wordOf(first.waitingFor?.kind ?? 'nothing')} {first.waitingFor?.detail}
              </span>
            </li>
          ))}
        </ul>
      )}
      {waits.length === 100 && <p className={style.quiet}>Of the newest 100 that wait.</p>}
    </Section>
  );
}

function ReasonLink({ workflow, status }: { readonly workflow: string | undefined; readonly status: string }) {
  return (
    <Link to="/executions" search={{ ...(workflow !== undefined && { workflow }), status }}>
      <bdi>{workflow ?? 'orchestrations'}</bdi>
    </Link>
  );
}

function Breakers({ breakers }: { readonly breakers: OverviewQuery['breakers']['nodes'] }) {
  return (
    <Section heading="Circuit breakers that are not closed">
      <ul className={style.reasons}>
        {breakers.map((breaker) => (
          <li key={breaker.serviceId}>
            <Status status={breaker.state} />
            <Link to="/breakers" search={{ service: breaker.serviceId }}>
              <code>{breaker.serviceId}</code>
            </Link>
            <span className={style.reason}>{counted(breaker.waitingExecutions, 'execution')} wait for it</span>
            {breaker.nextProbeAt !== null && (
              <span>
                next call <Ago at={breaker.nextProbeAt} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
