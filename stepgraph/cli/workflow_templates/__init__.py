"""`templates`."""
