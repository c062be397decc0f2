"""Unit tests of secrets in a worker."""
