// What the page of expressions asks for.
import { graphql } from '../../graphql';

export const EVALUATE = graphql(`
  query Evaluate($expression: Expression!, $context: JSON!) {
    evaluate(expression: $expression, context: $context) {
      value
      error
      duration
    }
  }
`);

export const RECORDED_RUN = graphql(`
  query RecordedRun($id: ID!) {
    exportExecution(id: $id, maxBytes: 2000000)
  }
`);
