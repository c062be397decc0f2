"""`run`, `executions`, and what can be done with one or many of them."""
