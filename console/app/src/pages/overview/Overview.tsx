// How it goes: the last day in numbers, and what is open right now.
import { Link } from '@tanstack/react-router';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import { FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count, share } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Took } from '../../kit/Times';
import style from './Overview.module.css';

const OVERVIEW = graphql(`
  query Overview {
    metrics {
      started
      completed
      failed
      cancelled
      running
      successRate
      duration {
        p50
        p95
      }
    }
    health {
      status
    }
  }
`);

export function Overview() {
  const { data, failure, again } = useAsk(OVERVIEW, {}, { every: 5_000 });
  return (
    <Page
      heading="Overview"
      note="the last 24 hours"
      actions={
        data && (
          <Link to="/workers">
            <Status status={data.health.status} />
          </Link>
        )
      }
    >
      {failure !== undefined && (data ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {data ? (
        <dl className={style.numbers}>
          <Number name="Run now" value={count(data.metrics.running)} />
          <Number name="Started" value={count(data.metrics.started)} />
          <Number name="Completed" value={count(data.metrics.completed)} />
          <Number name="Failed" value={count(data.metrics.failed)} />
          <Number name="Success" value={share(data.metrics.successRate)} />
          <Number name="Half end within" value={<Took duration={data.metrics.duration.p50} />} />
          <Number name="95 % end within" value={<Took duration={data.metrics.duration.p95} />} />
        </dl>
      ) : (
        failure === undefined && <Loading rows={3} />
      )}
    </Page>
  );
}

function Number({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
