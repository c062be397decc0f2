// What the overview asks for.
import { graphql } from '../../graphql';
import type { OverviewQuery } from '../../graphql/graphql';

/** A part of the time that the charts show. */
export type Part = OverviewQuery['metrics']['timeline'][number];

export const OVERVIEW = graphql(`
  query Overview($from: DateTime!, $bucket: Duration!) {
    metrics(from: $from) {
      started
      completed
      failed
      running
      successRate
      duration {
        p50
        p95
      }
      timeline(bucket: $bucket) {
        at
        completed
        failed
        p50
        p95
      }
    }
    health {
      status
      queues {
        name
        depth
      }
      workers {
        id
        activeExecutions
      }
    }
    breakers: circuitBreakers(state: [OPEN, HALF_OPEN], first: 10) {
      nodes {
        serviceId
        state
        nextProbeAt
        waitingExecutions
      }
    }
    failures: executions(filter: { status: [FAILED, TIMED_OUT], createdAfter: $from }, first: 100) {
      nodes {
        id
        finishedAt
        workflow {
          name
        }
        error {
          code
          path
          message
        }
      }
    }
    waits: executions(filter: { status: [WAITING, PAUSED] }, first: 100) {
      nodes {
        id
        workflow {
          name
        }
        waitingFor {
          kind
          detail
        }
      }
    }
  }
`);
