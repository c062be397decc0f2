"""The GraphQL operations about workflows that the command line sends; a test validates each against the schema."""

_WORKFLOW = "id name description status version labels createdAt updatedAt"
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint stepId } }
"""


WORKFLOWS = f"""
query Workflows($filter: WorkflowFilter, $first: Int, $after: String) {{
  workflows(filter: $filter, first: $first, after: $after) {{
    nodes {{ {_WORKFLOW} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

WORKFLOW = f"""
query Workflow($by: IdOrName!) {{
  workflow(by: $by) {{ {_WORKFLOW} document timeout maxConcurrentExecutions inputSchema }}
}}
"""

WORKFLOW_VERSION = """
query WorkflowVersion($name: String!) {
  workflow(by: {name: $name}) { id version status }
}
"""

VERSIONS = """
query Versions($by: IdOrName!, $first: Int, $after: String) {
  workflow(by: $by) {
    versions(first: $first, after: $after) {
      nodes { version createdAt note document } pageInfo { hasNextPage endCursor }
    }
  }
}
"""

UPDATE_WORKFLOW = f"""
mutation UpdateWorkflow($id: ID!, $input: UpdateWorkflowInput!) {{
  updateWorkflow(id: $id, input: $input) {{
    __typename
    ... on Workflow {{ {_WORKFLOW} }}
    {_FAILURES}
  }}
}}
"""

DELETE_WORKFLOW = """
mutation DeleteWorkflow($id: ID!) {
  deleteWorkflow(id: $id) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

VALIDATE = """
query Validate($document: JSON!) {
  validateWorkflow(document: $document) { valid stages problems { path message hint stepId } }
}
"""

EVALUATE = """
query Evaluate($expression: Expression!, $context: JSON!) {
  evaluate(expression: $expression, context: $context) { value error duration }
}
"""


APPLY = f"""
mutation Apply($document: JSON!, $note: String) {{
  applyWorkflow(document: $document, note: $note) {{
    __typename
    ... on Workflow {{ id name version status }}
    {_FAILURES}
  }}
}}
"""
