"""The GraphQL operations of `stepgraph keys` and `stepgraph audit`; a test validates each against the schema."""

_KEY = "id name role prefix createdAt expiresAt lastUsedAt"

KEYS = f"""
query Keys($first: Int, $after: String) {{
  apiKeys(first: $first, after: $after) {{ nodes {{ {_KEY} }} pageInfo {{ hasNextPage endCursor }} }}
}}
"""

CREATE_KEY = f"""
mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) {{
  createApiKey(name: $name, role: $role, expiresAt: $expiresAt) {{
    __typename
    ... on ApiKeyCreated {{ token apiKey {{ {_KEY} }} }}
    ... on Error {{ message code }}
    ... on ValidationError {{ problems {{ path message hint stepId }} }}
  }}
}}
"""

REVOKE_KEY = """
mutation RevokeKey($id: ID!) {
  revokeApiKey(id: $id) { __typename ... on Deleted { id } ... on Error { message code } }
}
"""

AUDIT = """
query Audit($first: Int, $after: String) {
  auditEntries(first: $first, after: $after) {
    nodes { at principal apiKeyId action target outcome }
    pageInfo { hasNextPage endCursor }
  }
}
"""
