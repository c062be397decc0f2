"""The shared state of circuit breakers in Redis."""
