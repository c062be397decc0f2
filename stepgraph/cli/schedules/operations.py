"""The GraphQL operations about schedules that the command line sends; a test validates each against the schema."""

_SCHEDULE = """
  id name cron timezone input overlap catchUpWindow enabled nextRunAt bufferedRunAt lastRunAt lastError warnings
  createdAt updatedAt workflow { id name } lastExecution { id status }
"""
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint stepId } }
"""

SCHEDULES = f"""
query Schedules($workflowId: ID, $first: Int, $after: String) {{
  schedules(workflowId: $workflowId, first: $first, after: $after) {{
    nodes {{ {_SCHEDULE} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

SCHEDULE = f"""
query Schedule($by: IdOrName!, $count: Int!) {{
  schedule(by: $by) {{ {_SCHEDULE} nextRuns(count: $count) }}
}}
"""

SAVE_SCHEDULE = f"""
mutation SaveSchedule($input: ScheduleInput!) {{
  saveSchedule(input: $input) {{
    __typename
    ... on Schedule {{ {_SCHEDULE} }}
    {_FAILURES}
  }}
}}
"""

DELETE_SCHEDULE = """
mutation DeleteSchedule($id: ID!) {
  deleteSchedule(id: $id) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""
