"""Workflow templates: documents with parameters, and the workflows made from them."""
