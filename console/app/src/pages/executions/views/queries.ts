// Saved views of the list, as they are asked for and changed.
import { graphql } from '../../../graphql';

export const VIEWS = graphql(`
  query ExecutionViews {
    savedViews(kind: EXECUTIONS, first: 100) {
      nodes {
        ...ExecutionView
      }
    }
  }

  fragment ExecutionView on SavedView {
    id
    name
    filter
    columns
    shared
    owner
    isOwn
  }
`);

export const CREATE_VIEW = graphql(`
  mutation CreateExecutionView($input: CreateSavedViewInput!) {
    createSavedView(input: $input) {
      __typename
      ... on SavedView {
        ...ExecutionView
      }
      ...Refusal
    }
  }
`);

export const UPDATE_VIEW = graphql(`
  mutation UpdateExecutionView($id: ID!, $input: UpdateSavedViewInput!) {
    updateSavedView(id: $id, input: $input) {
      __typename
      ... on SavedView {
        ...ExecutionView
      }
      ...Refusal
    }
  }
`);

export const DELETE_VIEW = graphql(`
  mutation DeleteExecutionView($id: ID!) {
    deleteSavedView(id: $id) {
      __typename
      ... on Deleted {
        id
      }
      ...Refusal
    }
  }
`);
