"""Parts that all stores of executions have in common: rows, changes, and messages about them."""
