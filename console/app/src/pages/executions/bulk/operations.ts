// What can be done with every execution that a filter matches: each tried first with nothing done.
import type { FieldName } from '../../../api/principal';
import { graphql } from '../../../graphql';
import type { BulkAnswerFragment, TypedDocumentString } from '../../../graphql/graphql';

export const BULK_ANSWER = graphql(`
  fragment BulkAnswer on BulkOperationResult {
    __typename
    ... on BulkPreview {
      matched
      sample {
        id
        status
        createdAt
        workflow {
          id
          name
        }
      }
    }
    ... on BulkOperation {
      id
      matched
    }
    ...Refusal
  }
`);

const CANCEL = graphql(`
  mutation BulkCancel($filter: ExecutionFilter!, $dryRun: Boolean!, $reason: String) {
    answer: bulkCancelExecutions(filter: $filter, dryRun: $dryRun, reason: $reason) {
      ...BulkAnswer
    }
  }
`);

const PAUSE = graphql(`
  mutation BulkPause($filter: ExecutionFilter!, $dryRun: Boolean!) {
    answer: bulkPauseExecutions(filter: $filter, dryRun: $dryRun) {
      ...BulkAnswer
    }
  }
`);

const RESUME = graphql(`
  mutation BulkResume($filter: ExecutionFilter!, $dryRun: Boolean!) {
    answer: bulkResumeExecutions(filter: $filter, dryRun: $dryRun) {
      ...BulkAnswer
    }
  }
`);

const SIGNAL = graphql(`
  mutation BulkSignal($filter: ExecutionFilter!, $dryRun: Boolean!, $name: String!, $payload: JSON) {
    answer: bulkSignalExecutions(filter: $filter, dryRun: $dryRun, name: $name, payload: $payload) {
      ...BulkAnswer
    }
  }
`);

const RETRY = graphql(`
  mutation BulkRetry($filter: ExecutionFilter!, $dryRun: Boolean!, $input: RetryExecutionInput) {
    answer: bulkRetryExecutions(filter: $filter, dryRun: $dryRun, input: $input) {
      ...BulkAnswer
    }
  }
`);

const DELETE = graphql(`
  mutation BulkDelete($filter: ExecutionFilter!, $dryRun: Boolean!) {
    answer: bulkDeleteExecutions(filter: $filter, dryRun: $dryRun) {
      ...BulkAnswer
    }
  }
`);

export const BULK_PROGRESS = graphql(`
  fragment BulkProgress on BulkOperation {
    id
    status
    matched
    done
    failed
    finishedAt
    failures {
      executionId
      message
    }
  }
`);

export const OPERATION = graphql(`
  query BulkOperation($id: ID!) {
    bulkOperation(id: $id) {
      ...BulkProgress
    }
  }
`);

export const STOP = graphql(`
  mutation StopBulk($id: ID!) {
    stopBulkOperation(id: $id) {
      __typename
      ...BulkProgress
      ...Refusal
    }
  }
`);

export type BulkAction = 'CANCEL' | 'PAUSE' | 'RESUME' | 'SIGNAL' | 'RETRY' | 'DELETE';

export interface Bulk {
  readonly verb: string;
  /** What it concerns, and what is done with it. */
  readonly about: string;
  readonly field: FieldName;
  readonly document: TypedDocumentString<{ readonly answer: BulkAnswerFragment }, never>;
}

export const BULKS: Readonly<Record<BulkAction, Bulk>> = {
  CANCEL: {
    verb: 'Cancel',
    about: 'Those that have not ended are stopped, and end as cancelled. That cannot be undone.',
    field: 'Mutation.bulkCancelExecutions',
    document: CANCEL,
  },
  PAUSE: {
    verb: 'Pause',
    about: 'Of those that run or wait, what is under way ends, and nothing new starts.',
    field: 'Mutation.bulkPauseExecutions',
    document: PAUSE,
  },
  RESUME: {
    verb: 'Resume',
    about: 'Those that are paused go on.',
    field: 'Mutation.bulkResumeExecutions',
    document: RESUME,
  },
  SIGNAL: {
    verb: 'Signal',
    about: 'Those that have not ended get the signal; it is kept until a step waits for it.',
    field: 'Mutation.bulkSignalExecutions',
    document: SIGNAL,
  },
  RETRY: {
    verb: 'Retry',
    about: 'Those that have failed, timed out or were cancelled each get a retry, which keeps what was done.',
    field: 'Mutation.bulkRetryExecutions',
    document: RETRY,
  },
  DELETE: {
    verb: 'Delete',
    about: 'Those that have ended are removed with all that is known of them. That cannot be undone.',
    field: 'Mutation.bulkDeleteExecutions',
    document: DELETE,
  },
};

export const ACTIONS = Object.keys(BULKS) as readonly BulkAction[];

/** More than these are not changed without their number typed. */
export const MOST_UNTYPED = 100;
