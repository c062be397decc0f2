// What the page of transformation rules asks for and changes.
import { graphql } from '../../graphql';

export const RULES = graphql(`
  query Rules($first: Int!, $after: String) {
    transformationRules(first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        description
        expression
        updatedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const RULE = graphql(`
  query Rule($name: String!) {
    transformationRule(name: $name) {
      id
      name
      description
      expression
      inputSchema
      outputSchema
      examples {
        input
        output
      }
      createdAt
      updatedAt
    }
  }
`);

export const SAVE_RULE = graphql(`
  mutation SaveRule($input: TransformationRuleInput!) {
    saveTransformationRule(input: $input) {
      __typename
      ... on TransformationRule {
        id
        name
      }
      ...Refusal
    }
  }
`);

export const DELETE_RULE = graphql(`
  mutation DeleteRule($name: String!) {
    deleteTransformationRule(name: $name) {
      __typename
      ...Refusal
    }
  }
`);

export const TRY_RULE = graphql(`
  query TryRule($expression: Expression!, $context: JSON!) {
    evaluate(expression: $expression, context: $context) {
      value
      error
    }
  }
`);
