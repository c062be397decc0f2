"""One executor for each step type."""
