// What the list of executions asks for and listens to.
import { graphql } from '../../graphql';

export const EXECUTION_ROW = graphql(`
  fragment ExecutionRow on WorkflowExecution {
    id
    status
    createdAt
    startedAt
    finishedAt
    duration
    labels
    workflowVersion
    workflow {
      id
      name
    }
    progress {
      completed
      total
      failed
    }
    error {
      code
      message
      path
    }
    waitingFor {
      kind
      until
      detail
    }
  }
`);

export const EXECUTIONS = graphql(`
  query Executions($filter: ExecutionFilter, $first: Int, $after: String, $last: Int, $before: String) {
    executions(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...ExecutionRow
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

export const COUNTS = graphql(`
  query ExecutionCounts($filter: ExecutionFilter) {
    executionCounts(filter: $filter) {
      total
      statuses {
        status
        count
        isEstimate
      }
    }
  }
`);

export const CHANGES = graphql(`
  subscription ExecutionChanges($filter: ExecutionFilter) {
    executionUpdates(filter: $filter) {
      ...ExecutionRow
    }
  }
`);
