"""The acting part: Dramatiq actors, the activations that run executions, and one executor for each step type."""
