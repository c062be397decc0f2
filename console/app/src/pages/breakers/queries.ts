// What the page of circuit breakers asks for, listens to and changes.
import { graphql } from '../../graphql';

export const BREAKER_ROW = graphql(`
  fragment BreakerRow on CircuitBreaker {
    __typename
    id
    serviceId
    state
    failureCount
    successCount
    openedAt
    nextProbeAt
    updatedAt
    waitingExecutions
    config {
      failureThreshold
      successThreshold
      resetTimeout
      halfOpenMaxCalls
    }
  }
`);

export const BREAKERS = graphql(`
  query Breakers($state: [CircuitBreakerState!], $first: Int!, $after: String) {
    circuitBreakers(state: $state, first: $first, after: $after) {
      totalCount
      nodes {
        ...BreakerRow
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const BREAKER = graphql(`
  query Breaker($serviceId: String!) {
    circuitBreaker(serviceId: $serviceId) {
      ...BreakerRow
    }
  }
`);

export const BREAKER_CHANGES = graphql(`
  subscription BreakerChanges($serviceId: String) {
    circuitBreakerUpdates(serviceId: $serviceId) {
      ...BreakerRow
    }
  }
`);

export const CONFIGURE_BREAKER = graphql(`
  mutation ConfigureBreaker($serviceId: String!, $config: CircuitBreakerConfigInput!) {
    updateCircuitBreaker(serviceId: $serviceId, config: $config) {
      __typename
      ... on CircuitBreaker {
        ...BreakerRow
      }
      ...Refusal
    }
  }
`);

export const RESET_BREAKER = graphql(`
  mutation ResetBreaker($serviceId: String!) {
    resetCircuitBreaker(serviceId: $serviceId) {
      __typename
      ... on CircuitBreaker {
        ...BreakerRow
      }
      ...Refusal
    }
  }
`);

export const DELETE_BREAKER = graphql(`
  mutation DeleteBreaker($serviceId: String!) {
    deleteCircuitBreaker(serviceId: $serviceId) {
      __typename
      ...Refusal
    }
  }
`);
