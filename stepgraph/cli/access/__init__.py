"""`keys`, `whoami` and `audit`."""
