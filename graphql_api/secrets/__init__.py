"""Secrets in GraphQL."""
