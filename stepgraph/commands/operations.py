"""The GraphQL operations that the command line sends; a test validates each against the schema."""

_STEP = "path type status startedAt finishedAt duration error { code message path } attempts { number }"
_EXECUTION = """
  id status workflowVersion workflow { name } input output labels createdAt startedAt finishedAt duration sequence
  error { code message path details }
  progress { total completed failed running percent }
"""
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint } }
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

EXECUTE = f"""
mutation Execute($input: ExecuteWorkflowInput!) {{
  executeWorkflow(input: $input) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

CANCEL = f"""
mutation Cancel($id: ID!, $reason: String) {{
  cancelExecution(id: $id, reason: $reason) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

LIST = f"""
query Executions($filter: ExecutionFilter, $first: Int, $after: String) {{
  executions(filter: $filter, first: $first, after: $after) {{
    nodes {{ {_EXECUTION} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

SHOW = f"""
query Execution($id: ID!) {{
  execution(id: $id) {{
    {_EXECUTION}
    steps(first: 100) {{ nodes {{ {_STEP} input output }} pageInfo {{ hasNextPage }} }}
  }}
}}
"""

FOLLOW = f"""
subscription Follow($id: ID!) {{
  executionProgress(id: $id) {{
    kind sequence
    execution {{ {_EXECUTION} }}
    steps {{ {_STEP} }}
  }}
}}
"""

ALL = {"APPLY": APPLY, "EXECUTE": EXECUTE, "CANCEL": CANCEL, "LIST": LIST, "SHOW": SHOW, "FOLLOW": FOLLOW}
