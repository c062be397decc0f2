// What the page of a workflow asks the API for.
import { graphql } from '../../graphql';
import type { WorkflowPageQuery } from '../../graphql/graphql';

export const WORKFLOW = graphql(`
  query WorkflowPage($name: String!) {
    workflow(name: $name) {
      id
      name
      description
      status
      version
      labels
      createdAt
      updatedAt
      document
      documentProblem
      inputSchema
      timeout
      maxConcurrentExecutions
      metrics {
        started
        completed
        failed
        running
        successRate
        duration {
          p50
          p95
        }
      }
      versions(first: 50) {
        nodes {
          id
          version
          note
          createdAt
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

export type WorkflowFound = NonNullable<WorkflowPageQuery['workflow']>;

/** Documents are read by version when they are compared, for each may be large. */
export const VERSION_DOCUMENT = graphql(`
  query WorkflowVersionDocument($id: ID!) {
    node(id: $id) {
      ... on WorkflowVersion {
        version
        document
      }
    }
  }
`);

export const RECENT_RUNS = graphql(`
  query WorkflowRuns($name: String!) {
    executions(first: 10, filter: { workflowName: $name }) {
      nodes {
        id
        status
        createdAt
        startedAt
        duration
        workflowVersion
        error {
          code
        }
      }
    }
  }
`);

export const SCHEDULES = graphql(`
  query WorkflowSchedules($id: ID!) {
    schedules(first: 50, workflowId: $id) {
      nodes {
        id
        name
        cron
        timezone
        enabled
        nextRunAt
        lastError
      }
    }
  }
`);

export const HOOKS = graphql(`
  query WorkflowHooks {
    webhooks(first: 100) {
      nodes {
        id
        name
        direction
        enabled
        workflow {
          id
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

export const SET_STATUS = graphql(`
  mutation SetWorkflowStatus($id: ID!, $status: WorkflowStatus!) {
    updateWorkflow(id: $id, input: { status: $status }) {
      __typename
      ... on Workflow {
        id
        status
      }
      ...Refusal
    }
  }
`);

export const DELETE = graphql(`
  mutation DeleteWorkflow($id: ID!) {
    deleteWorkflow(id: $id) {
      __typename
      ... on Deleted {
        id
      }
      ...Refusal
    }
  }
`);

export const START = graphql(`
  mutation StartWorkflow($input: ExecuteWorkflowInput!) {
    executeWorkflow(input: $input) {
      __typename
      ... on WorkflowExecution {
        id
      }
      ...Refusal
    }
  }
`);
