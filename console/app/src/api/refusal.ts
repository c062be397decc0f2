// What every mutation asks for where it is refused: `...Refusal` tells problems at their fields.
import { graphql } from '../graphql';

export const REFUSAL = graphql(`
  fragment Refusal on Error {
    __typename
    code
    message
    ... on ValidationError {
      problems {
        path
        message
        hint
      }
    }
  }
`);
