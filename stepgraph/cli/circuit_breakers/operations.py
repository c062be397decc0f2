"""The GraphQL operations about circuit breakers that the command line sends; a test validates each of them."""

_BREAKER = """
  id serviceId state failureCount successCount openedAt nextProbeAt waitingExecutions updatedAt
  config { failureThreshold successThreshold resetTimeout halfOpenMaxCalls }
"""
_RESULT = f"""
  __typename
  ... on CircuitBreaker {{ {_BREAKER} }}
  ... on Error {{ message code }}
  ... on ValidationError {{ problems {{ path message hint stepId }} }}
"""

BREAKERS = f"""
query CircuitBreakers($state: [CircuitBreakerState!], $first: Int!) {{
  circuitBreakers(state: $state, first: $first) {{ nodes {{ {_BREAKER} }} }}
}}
"""

BREAKER = f"""
query CircuitBreaker($serviceId: String!) {{
  circuitBreaker(serviceId: $serviceId) {{ {_BREAKER} }}
}}
"""

UPDATE_BREAKER = f"""
mutation UpdateCircuitBreaker($serviceId: String!, $config: CircuitBreakerConfigInput!) {{
  updateCircuitBreaker(serviceId: $serviceId, config: $config) {{ {_RESULT} }}
}}
"""

RESET_BREAKER = f"""
mutation ResetCircuitBreaker($serviceId: String!) {{
  resetCircuitBreaker(serviceId: $serviceId) {{ {_RESULT} }}
}}
"""

DELETE_BREAKER = """
mutation DeleteCircuitBreaker($serviceId: String!) {
  deleteCircuitBreaker(serviceId: $serviceId) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

WATCH_BREAKERS = f"""
subscription CircuitBreakerUpdates($serviceId: String) {{
  circuitBreakerUpdates(serviceId: $serviceId) {{ {_BREAKER} }}
}}
"""
