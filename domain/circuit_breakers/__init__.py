"""Circuit breakers: their configuration, shared state, and what operators do with them."""
