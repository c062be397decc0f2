// What the editor asks the API for.
import { graphql } from '../../graphql';

export const EDITED = graphql(`
  query EditedWorkflow($name: String!) {
    workflow(name: $name) {
      id
      name
      status
      version
      document
    }
  }
`);

export const DOCUMENT_SCHEMA = graphql(`
  query EditorSchema {
    documentSchema
  }
`);

export const VALIDATE = graphql(`
  query ValidateDocument($document: JSON!) {
    validateWorkflow(document: $document) {
      valid
      problems {
        path
        message
        hint
        stepId
      }
    }
  }
`);

export const RUNS_TO_READ = graphql(`
  query EditorRuns($name: String!) {
    executions(first: 10, filter: { workflowName: $name, status: [COMPLETED, FAILED] }) {
      nodes {
        id
        status
        createdAt
      }
    }
  }
`);

export const RECORDED = graphql(`
  query EditorRun($id: ID!) {
    execution(id: $id) {
      input
      steps(first: 100, filter: { status: [COMPLETED] }) {
        nodes {
          path
          stepId
          type
          output
        }
      }
    }
  }
`);

export const TEST = graphql(`
  query TestDocument($document: JSON!, $input: JSON, $mocks: JSON) {
    testWorkflow(document: $document, input: $input, mocks: $mocks) {
      problems {
        path
        message
        hint
      }
      execution {
        id
        status
        output
        error {
          code
          message
          path
        }
        steps(first: 500) {
          nodes {
            ...RunStep
            input
            output
          }
        }
      }
      calls {
        path
        attempt
        mock
      }
      unusedMocks
    }
  }
`);

export const SAVE = graphql(`
  mutation SaveDocument($document: JSON!, $note: String, $status: WorkflowStatus, $expectedVersion: Int) {
    applyWorkflow(document: $document, note: $note, status: $status, expectedVersion: $expectedVersion) {
      __typename
      ... on Workflow {
        id
        name
        version
        status
      }
      ...Refusal
    }
  }
`);
