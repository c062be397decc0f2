"""The values of secrets in a worker."""
