// What can be done with a run, as it is asked for.
import { graphql } from '../../../graphql';

export const CANCEL = graphql(`
  mutation CancelExecution($id: ID!, $reason: String) {
    cancelExecution(id: $id, reason: $reason) {
      __typename
      ... on WorkflowExecution {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const PAUSE = graphql(`
  mutation PauseExecution($id: ID!) {
    pauseExecution(id: $id) {
      __typename
      ... on WorkflowExecution {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const RESUME = graphql(`
  mutation ResumeExecution($id: ID!) {
    resumeExecution(id: $id) {
      __typename
      ... on WorkflowExecution {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const SIGNAL = graphql(`
  mutation SignalExecution($id: ID!, $name: String!, $payload: JSON) {
    signalExecution(id: $id, name: $name, payload: $payload) {
      __typename
      ... on WorkflowExecution {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const RETRY = graphql(`
  mutation RetryExecution($id: ID!, $input: RetryExecutionInput) {
    retryExecution(id: $id, input: $input) {
      __typename
      ... on WorkflowExecution {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const DELETE = graphql(`
  mutation DeleteExecution($id: ID!) {
    deleteExecution(id: $id) {
      __typename
      ... on Deleted {
        id
      }
      ...Refusal
    }
  }
`);

export const PLAN = graphql(`
  query PlanRetry($id: ID!, $input: RetryExecutionInput) {
    planRetry(executionId: $id, input: $input) {
      __typename
      ... on RetryPlan {
        workflowVersion
        kept
        continued
        run
        dropped
        repeated
        restingOnOldInput
        steps(first: 100) {
          nodes {
            path
            action
            reason
            detail
            repeats
            restsOnOldInput
          }
          pageInfo {
            hasNextPage
          }
        }
      }
      ...Refusal
    }
  }
`);

export const SHOW = graphql(`
  query ShowExecution($id: ID!) {
    execution(id: $id) {
      id
      status
      input
      output
      error {
        code
        message
        path
      }
    }
  }
`);
