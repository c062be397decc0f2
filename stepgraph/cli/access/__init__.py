"""`keys` and `audit`."""
