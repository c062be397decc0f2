"""The GraphQL operations about webhooks that the command line sends; a test validates each against the schema."""

_WEBHOOK = """
  id name direction eventTypes workflow { name } signature input enabled disabledReason failingSince
  previousSecretUntil createdAt updatedAt
"""
_EVENT = """
  id eventType status payload attempts attemptLog { at duration statusCode error response } lastStatusCode lastError
  createdAt deliveredAt nextAttemptAt execution { id }
"""
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint stepId } }
"""

WEBHOOKS = f"""
query Webhooks($direction: WebhookDirection, $first: Int, $after: String) {{
  webhooks(direction: $direction, first: $first, after: $after) {{
    nodes {{ {_WEBHOOK} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

WEBHOOK = f"""
query Webhook($id: ID!) {{
  webhook(id: $id) {{ {_WEBHOOK} url }}
}}
"""

EVENTS = f"""
query WebhookEvents($id: ID!, $first: Int) {{
  webhook(id: $id) {{ events(first: $first) {{ nodes {{ {_EVENT} }} }} }}
}}
"""

CREATE_WEBHOOK = f"""
mutation CreateWebhook($input: CreateWebhookInput!) {{
  createWebhook(input: $input) {{
    __typename
    ... on WebhookCreated {{ secret webhook {{ {_WEBHOOK} url }} }}
    {_FAILURES}
  }}
}}
"""

UPDATE_WEBHOOK = f"""
mutation UpdateWebhook($id: ID!, $input: UpdateWebhookInput!) {{
  updateWebhook(id: $id, input: $input) {{
    __typename
    ... on Webhook {{ {_WEBHOOK} }}
    {_FAILURES}
  }}
}}
"""

ROTATE_SECRET = f"""
mutation RotateWebhookSecret($id: ID!, $secret: String) {{
  rotateWebhookSecret(id: $id, secret: $secret) {{
    __typename
    ... on WebhookCreated {{ secret webhook {{ id name previousSecretUntil }} }}
    {_FAILURES}
  }}
}}
"""

DELETE_WEBHOOK = """
mutation DeleteWebhook($id: ID!) {
  deleteWebhook(id: $id) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

REPLAY_EVENT = f"""
mutation ReplayWebhookEvent($id: ID!) {{
  replayWebhookEvent(id: $id) {{
    __typename
    ... on WebhookEvent {{ {_EVENT} }}
    ... on Error {{ message code }}
  }}
}}
"""
