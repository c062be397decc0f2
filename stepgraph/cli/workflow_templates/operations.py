"""The GraphQL operations about workflow templates that the command line sends."""

_TEMPLATE = """
  id name description category shipped document createdAt updatedAt
  parameters { name description schema required default }
"""
_FAILURES = """
  ... on Error { message code }
  ... on ValidationError { problems { path message hint stepId } }
"""

TEMPLATES = f"""
query WorkflowTemplates($category: String, $first: Int, $after: String) {{
  workflowTemplates(category: $category, first: $first, after: $after) {{
    nodes {{ {_TEMPLATE} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

TEMPLATE = f"""
query WorkflowTemplate($name: String!) {{
  workflowTemplate(name: $name) {{ {_TEMPLATE} }}
}}
"""

SAVE_TEMPLATE = f"""
mutation SaveWorkflowTemplate($input: WorkflowTemplateInput!) {{
  saveWorkflowTemplate(input: $input) {{
    __typename
    ... on WorkflowTemplate {{ {_TEMPLATE} }}
    {_FAILURES}
  }}
}}
"""

DELETE_TEMPLATE = """
mutation DeleteWorkflowTemplate($name: String!) {
  deleteWorkflowTemplate(name: $name) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

INSTANTIATE = f"""
mutation InstantiateTemplate($name: String!, $workflowName: String!, $parameters: JSON!) {{
  instantiateTemplate(name: $name, workflowName: $workflowName, parameters: $parameters) {{
    __typename
    ... on Workflow {{ id name version document }}
    {_FAILURES}
  }}
}}
"""
