// What the page of workflow templates asks for and changes.
import { graphql } from '../../graphql';

export const TEMPLATES = graphql(`
  query Templates($category: String, $first: Int!, $after: String) {
    workflowTemplates(category: $category, first: $first, after: $after) {
      totalCount
      nodes {
        id
        name
        category
        description
        shipped
        updatedAt
        parameters {
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const TEMPLATE = graphql(`
  query Template($name: String!) {
    workflowTemplate(name: $name) {
      id
      name
      category
      description
      shipped
      document
      createdAt
      updatedAt
      parameters {
        name
        description
        required
        default
        schema
      }
    }
  }
`);

export const SAVE_TEMPLATE = graphql(`
  mutation SaveTemplate($input: WorkflowTemplateInput!) {
    saveWorkflowTemplate(input: $input) {
      __typename
      ... on WorkflowTemplate {
        id
        name
      }
      ...Refusal
    }
  }
`);

export const DELETE_TEMPLATE = graphql(`
  mutation DeleteTemplate($name: String!) {
    deleteWorkflowTemplate(name: $name) {
      __typename
      ...Refusal
    }
  }
`);

export const INSTANTIATE = graphql(`
  mutation Instantiate($name: String!, $workflowName: String!, $parameters: JSON!) {
    instantiateTemplate(name: $name, workflowName: $workflowName, parameters: $parameters) {
      __typename
      ... on Workflow {
        id
        name
      }
      ...Refusal
    }
  }
`);
