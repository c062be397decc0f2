// What the page of schedules asks for and changes.
import { graphql } from '../../graphql';

export const SCHEDULES = graphql(`
  query Schedules($workflowId: ID, $first: Int!, $after: String) {
    schedules(workflowId: $workflowId, first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        cron
        timezone
        enabled
        nextRunAt
        lastRunAt
        lastError
        workflow {
          id
          name
        }
        lastExecution {
          id
          status
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const SCHEDULE = graphql(`
  query Schedule($name: String!) {
    schedule(by: { name: $name }) {
      id
      name
      cron
      timezone
      enabled
      overlap
      catchUpWindow
      input
      nextRuns(count: 10)
      warnings
      bufferedRunAt
      lastRunAt
      lastError
      createdAt
      updatedAt
      workflow {
        id
        name
      }
      lastExecution {
        id
        status
      }
    }
  }
`);

export const WORKFLOW_NAMES = graphql(`
  query ScheduledNames($filter: WorkflowFilter, $first: Int!) {
    workflows(filter: $filter, first: $first) {
      nodes {
        id
        name
      }
    }
  }
`);

export const WORKFLOW_BY_NAME = graphql(`
  query ScheduledWorkflow($name: String!) {
    workflow(by: { name: $name }) {
      id
      name
    }
  }
`);

export const PREVIEW_SCHEDULE = graphql(`
  query PreviewSchedule($input: ScheduleTimingInput!) {
    previewSchedule(input: $input) {
      __typename
      ... on SchedulePreview {
        nextRuns
        warnings
      }
      ...Refusal
    }
  }
`);

export const SAVE_SCHEDULE = graphql(`
  mutation SaveSchedule($input: ScheduleInput!) {
    saveSchedule(input: $input) {
      __typename
      ... on Schedule {
        id
        name
      }
      ...Refusal
    }
  }
`);

export const DELETE_SCHEDULE = graphql(`
  mutation DeleteSchedule($id: ID!) {
    deleteSchedule(id: $id) {
      __typename
      ...Refusal
    }
  }
`);

export const START_NOW = graphql(`
  mutation StartScheduled($input: ExecuteWorkflowInput!) {
    executeWorkflow(input: $input) {
      __typename
      ... on WorkflowExecution {
        id
      }
      ...Refusal
    }
  }
`);
