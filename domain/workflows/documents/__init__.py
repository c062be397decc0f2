"""Workflow documents: their models, their checks, their graph and their JSON Schema."""
