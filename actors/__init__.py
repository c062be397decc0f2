"""What acts: Dramatiq actors, the driver that runs executions, and one executor for each step type."""
