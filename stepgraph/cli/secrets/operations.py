"""The GraphQL operations of `stepgraph secrets`; a test validates each against the schema."""

SECRETS = """
query Secrets($first: Int, $after: String) {
  secrets(first: $first, after: $after) { nodes { id name createdAt updatedAt } pageInfo { hasNextPage endCursor } }
}
"""

SET = """
mutation SetSecret($name: String!, $value: String!) {
  setSecret(name: $name, value: $value) {
    __typename
    ... on Secret { id name createdAt updatedAt }
    ... on Error { message code }
    ... on ValidationError { problems { path message hint stepId } }
  }
}
"""

DELETE = """
mutation DeleteSecret($name: String!) {
  deleteSecret(name: $name) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""
