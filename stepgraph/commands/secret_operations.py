"""The GraphQL operations of `stepgraph secrets`; a test validates each against the schema."""

SECRETS = "query Secrets { secrets { name createdAt updatedAt } }"

SET = """
mutation SetSecret($name: String!, $value: String!) {
  setSecret(name: $name, value: $value) { name createdAt updatedAt }
}
"""

DELETE = """
mutation DeleteSecret($name: String!) {
  deleteSecret(name: $name) {
    __typename
    ... on Error { message }
  }
}
"""
