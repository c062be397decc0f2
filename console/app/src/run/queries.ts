// What the run page asks the API for.
import { graphql } from '../graphql';

/** The run and its steps, first as they are and then at each change; payloads and details of errors are not among it. */
export const PROGRESS = graphql(`
  subscription RunProgress($id: ID!, $after: Int) {
    executionProgress(id: $id, afterSequence: $after) {
      kind
      sequence
      execution {
        ...RunState
      }
      steps {
        ...RunStep
      }
    }
  }

  fragment RunState on WorkflowExecution {
    id
    status
    createdAt
    startedAt
    finishedAt
    progress {
      percent
      completed
      total
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
    inputBytes
    outputBytes
  }

  fragment RunStep on StepExecution {
    path
    stepId
    type
    status
    sequence
    startedAt
    finishedAt
    attempts {
      number
      startedAt
      finishedAt
      statusCode
      error {
        code
        message
      }
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
    inputBytes
    outputBytes
  }
`);

/** One page of the steps: how a run is loaded, whatever its size. */
export const STEPS = graphql(`
  query RunSteps($id: ID!, $first: Int!, $after: String) {
    execution(id: $id) {
      ...RunState
      sequence
      steps(first: $first, after: $after) {
        nodes {
          ...RunStep
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** What may still be reached. */
export const UNREACHED = graphql(`
  query RunUnreached($id: ID!) {
    execution(id: $id) {
      steps(first: 500, filter: { status: [PENDING] }) {
        nodes {
          ...RunStep
        }
      }
    }
  }
`);

/** The document that the run began with, where that is the newest one; which versions there are, where it is not. */
export const DOCUMENT = graphql(`
  query RunDocument($id: ID!) {
    execution(id: $id) {
      workflowVersion
      workflow {
        version
        document
        versions(first: 100) {
          nodes {
            id
            version
          }
        }
      }
    }
  }
`);

export const VERSION = graphql(`
  query RunVersion($id: ID!) {
    node(id: $id) {
      ... on WorkflowVersion {
        document
      }
    }
  }
`);
