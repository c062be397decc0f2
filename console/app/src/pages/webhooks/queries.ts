// What the pages of webhooks ask for and change. Addresses are for those who may read them: they are asked for apart.
import { graphql } from '../../graphql';
import type { WebhookDetailsFragment, WebhookEventRowFragment, WebhooksQuery } from '../../graphql/graphql';

export const WEBHOOKS = graphql(`
  query Webhooks($direction: WebhookDirection, $first: Int!, $after: String, $withAddress: Boolean!) {
    webhooks(direction: $direction, first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        direction
        enabled
        disabledReason
        failingSince
        eventTypes
        signature
        updatedAt
        url @include(if: $withAddress)
        workflow {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export type WebhookRow = WebhooksQuery['webhooks']['nodes'][number];

export const DETAILS = graphql(`
  fragment WebhookDetails on Webhook {
    id
    name
    direction
    enabled
    disabledReason
    failingSince
    eventTypes
    signature
    input
    previousSecretUntil
    createdAt
    updatedAt
    url @include(if: $withAddress)
    workflow {
      id
      name
    }
  }
`);

export type WebhookDetails = WebhookDetailsFragment;

export const WEBHOOK = graphql(`
  query Webhook($id: ID!, $withAddress: Boolean!) {
    webhook(id: $id) {
      ...WebhookDetails
    }
  }
`);

export const EVENT_ROW = graphql(`
  fragment WebhookEventRow on WebhookEvent {
    id
    eventType
    status
    attempts
    lastStatusCode
    lastError
    createdAt
    deliveredAt
    nextAttemptAt
    execution {
      id
      status
    }
  }
`);

export type WebhookEventRow = WebhookEventRowFragment;

export const EVENTS = graphql(`
  query WebhookEvents($id: ID!, $status: WebhookEventStatus, $first: Int!, $after: String) {
    webhook(id: $id) {
      id
      events(status: $status, first: $first, after: $after) {
        totalCount
        nodes {
          ...WebhookEventRow
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const EVENT = graphql(`
  query WebhookEventDetails($id: ID!) {
    node(id: $id) {
      __typename
      ... on WebhookEvent {
        ...WebhookEventRow
        attemptLog {
          at
          duration
          statusCode
          error
          response
        }
      }
    }
  }
`);

export const EVENT_PAYLOAD = graphql(`
  query WebhookEventPayload($id: ID!) {
    node(id: $id) {
      __typename
      ... on WebhookEvent {
        payload
      }
    }
  }
`);

export const WORKFLOW_NAMES = graphql(`
  query WorkflowsToChoose($filter: WorkflowFilter) {
    workflows(first: 20, filter: $filter) {
      nodes {
        id
        name
      }
    }
  }
`);

export const WORKFLOW_OF_NAME = graphql(`
  query WorkflowOfName($name: String!) {
    workflow(by: { name: $name }) {
      id
    }
  }
`);

export const CREATE = graphql(`
  mutation CreateWebhook($input: CreateWebhookInput!) {
    createWebhook(input: $input) {
      __typename
      ... on WebhookCreated {
        secret
        webhook {
          id
          name
        }
      }
      ...Refusal
    }
  }
`);

export const UPDATE = graphql(`
  mutation UpdateWebhook($id: ID!, $input: UpdateWebhookInput!, $withAddress: Boolean!) {
    updateWebhook(id: $id, input: $input) {
      __typename
      ... on Webhook {
        ...WebhookDetails
      }
      ...Refusal
    }
  }
`);

export const ROTATE = graphql(`
  mutation RotateWebhookSecret($id: ID!, $secret: String) {
    rotateWebhookSecret(id: $id, secret: $secret) {
      __typename
      ... on WebhookCreated {
        secret
        webhook {
          id
          previousSecretUntil
        }
      }
      ...Refusal
    }
  }
`);

export const DELETE = graphql(`
  mutation DeleteWebhook($id: ID!) {
    deleteWebhook(id: $id) {
      __typename
      ...Refusal
    }
  }
`);

export const REPLAY = graphql(`
  mutation ReplayWebhookEvent($id: ID!) {
    replayWebhookEvent(id: $id) {
      __typename
      ... on WebhookEvent {
        ...WebhookEventRow
      }
      ...Refusal
    }
  }
`);
