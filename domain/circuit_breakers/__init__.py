"""Circuit breakers: their configuration, their shared state, and use cases for operators."""
