"""Workflows: their types, queries and mutations."""
