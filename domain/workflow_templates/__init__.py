"""Workflow templates: documents with parameters, and the workflows that are made of them."""
