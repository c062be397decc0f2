"""Redis: hints to workers, live progress, and the shared state of circuit breakers. Nothing is lost with it."""
