"""GraphQL inputs of steps: a step of the portable document in GraphQL's types, a module for each kind."""
