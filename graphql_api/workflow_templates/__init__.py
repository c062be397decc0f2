"""Workflow templates: documents with parameters."""
