"""The statements of executions, each for many at once."""
