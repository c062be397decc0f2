"""`rules`."""
