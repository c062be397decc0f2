// What the overview asks for.
import { graphql } from '../../graphql';

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
