"""The GraphQL operations of `stepgraph keys` and `stepgraph audit`; a test validates each against the schema."""

_KEY = "id name role prefix createdAt expiresAt lastUsedAt"

KEYS = f"query Keys {{ apiKeys {{ {_KEY} }} }}"

CREATE_KEY = f"""
mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) {{
  createApiKey(name: $name, role: $role, expiresAt: $expiresAt) {{ token apiKey {{ {_KEY} }} }}
}}
"""

REVOKE_KEY = """
mutation RevokeKey($id: ID!) {
  revokeApiKey(id: $id) { __typename ... on Deleted { id } ... on Error { message code } }
}
"""

AUDIT = """
query Audit($first: Int!, $after: String) {
  auditEntries(first: $first, after: $after) {
    nodes { at principal apiKeyId action target outcome }
    pageInfo { hasNextPage endCursor }
  }
}
"""
