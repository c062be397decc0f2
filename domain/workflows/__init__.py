"""Workflows: documents, their checks, compiled definitions, and what can be done with them."""
