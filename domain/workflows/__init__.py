"""Workflows: documents, their checks, compiled definitions, and use cases."""
