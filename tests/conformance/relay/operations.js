// Operations as a Relay application writes them. The compiler checks them against the schema and makes their artifacts.
import { graphql } from 'relay-runtime';

export const workflowFragment = graphql`
  fragment operationsWorkflow on Workflow {
    id
    name
    status
    steps { stepId name type }
  }
`;

export const listFragment = graphql`
  fragment operationsList on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" })
  @refetchable(queryName: "operationsListPaginationQuery") {
    workflows(first: $count, after: $cursor) @connection(key: "operations_workflows") {
      edges { node { id ...operationsWorkflow @relay(mask: false) } }
    }
  }
`;

export const nodeFragment = graphql`
  fragment operationsNode on WorkflowExecution @refetchable(queryName: "operationsNodeRefetchQuery") {
    id
    status
    progress { total completed percent }
  }
`;

export const listQuery = graphql`
  query operationsListQuery($count: Int!) {
    ...operationsList @arguments(count: $count)
    workflows(first: $count) {
      edges { node { id ...operationsWorkflow @relay(mask: false) } }
    }
  }
`;

export const createMutation = graphql`
  mutation operationsCreateMutation($input: CreateWorkflowInput!) {
    createWorkflow(input: $input) {
      __typename
      ... on Workflow { id name status steps { stepId name type } }
      ... on ValidationError { message code problems { path message hint } }
      ... on ConflictError { message code }
      ... on NotFoundError { message code targetId }
      ... on InvalidStateError { message code currentStatus }
    }
  }
`;

export const executeMutation = graphql`
  mutation operationsExecuteMutation($input: ExecuteWorkflowInput!) {
    executeWorkflow(input: $input) {
      __typename
      ... on WorkflowExecution { id status ...operationsNode @alias(as: "details") }
      ... on Error { message code }
      ... on NotFoundError { targetId }
    }
  }
`;

export const cancelMutation = graphql`
  mutation operationsCancelMutation($id: ID!) {
    cancelExecution(id: $id) {
      __typename
      ... on WorkflowExecution { id status }
      ... on NotFoundError { targetId message }
      ... on InvalidStateError { currentStatus message }
    }
  }
`;

export const progressSubscription = graphql`
  subscription operationsProgressSubscription($id: ID!) {
    executionProgress(id: $id) {
      kind
      sequence
      execution { id status }
      steps { id stepId path status }
    }
  }
`;
