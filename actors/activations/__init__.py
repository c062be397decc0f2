"""Activations: the turns that a worker takes with executions, from the claim to the end or a long wait."""
