"""The GraphQL operations that the command line sends; a test validates each against the schema."""

_STEP = """
  path type status startedAt finishedAt duration error { code message path } attempts { number }
  waitingFor { kind until detail }
"""
_EXECUTION = """
  id status workflowVersion workflow { name } input output labels createdAt startedAt finishedAt duration sequence
  error { code message path details }
  progress { total completed failed running percent } waitingFor { kind until detail }
"""
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint stepId } }
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

EXECUTE_MANY = f"""
mutation ExecuteMany($inputs: [ExecuteWorkflowInput!]!) {{
  executeWorkflows(inputs: $inputs) {{
    __typename
    ... on ExecutionBatch {{ results {{ __typename ... on WorkflowExecution {{ id status }} {_FAILURES} }} }}
    {_FAILURES}
  }}
}}
"""

ORCHESTRATE = f"""
mutation Orchestrate($input: OrchestrateInput!) {{
  orchestrate(input: $input) {{
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

SIGNAL = f"""
mutation Signal($id: ID!, $name: String!, $payload: JSON) {{
  signalExecution(id: $id, name: $name, payload: $payload) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

PAUSE = f"""
mutation Pause($id: ID!) {{
  pauseExecution(id: $id) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

RESUME = f"""
mutation Resume($id: ID!) {{
  resumeExecution(id: $id) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

RETRY = f"""
mutation Retry($id: ID!, $input: RetryExecutionInput) {{
  retryExecution(id: $id, input: $input) {{
    __typename
    ... on WorkflowExecution {{ id status }}
    {_FAILURES}
  }}
}}
"""

DELETE = """
mutation Delete($id: ID!) {
  deleteExecution(id: $id) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

CANCEL_ALL = f"""
mutation CancelAll($filter: ExecutionFilter!, $reason: String) {{
  cancelExecutions(filter: $filter, reason: $reason) {{
    __typename
    ... on BulkResult {{ matched changed }}
    {_FAILURES}
  }}
}}
"""

RETRY_ALL = f"""
mutation RetryAll($filter: ExecutionFilter!, $input: RetryExecutionInput) {{
  retryExecutions(filter: $filter, input: $input) {{
    __typename
    ... on BulkResult {{ matched changed }}
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
