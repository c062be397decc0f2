"""The GraphQL operations about transformation rules that the command line sends."""

_RULE = """
  id name description expression inputSchema outputSchema examples { input output } createdAt updatedAt
"""

RULES = f"""
query TransformationRules($first: Int, $after: String) {{
  transformationRules(first: $first, after: $after) {{
    nodes {{ {_RULE} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

RULE = f"""
query TransformationRule($name: String!) {{
  transformationRule(name: $name) {{ {_RULE} }}
}}
"""

SAVE_RULE = f"""
mutation SaveTransformationRule($input: TransformationRuleInput!) {{
  saveTransformationRule(input: $input) {{
    __typename
    ... on TransformationRule {{ {_RULE} }}
    ... on Error {{ message code }}
    ... on ValidationError {{ problems {{ path message hint stepId }} }}
  }}
}}
"""

DELETE_RULE = """
mutation DeleteTransformationRule($name: String!) {
  deleteTransformationRule(name: $name) {
    __typename
    ... on Deleted { id }
    ... on Error { message code }
  }
}
"""

TRY_EXPRESSION = """
query TryExpression($expression: Expression!, $context: JSON!) {
  evaluate(expression: $expression, context: $context) { value error duration }
}
"""
