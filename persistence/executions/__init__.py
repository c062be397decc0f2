"""What stores of executions have in common, whatever they store in: rows, changes, and what is told of them."""
