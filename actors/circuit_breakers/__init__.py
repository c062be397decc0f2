"""Circuit breakers in a worker, shared with all others."""
