"""`workflows`, `apply` and `validate`."""
