"""Columns and conditions of statements: JSON as text, and filters as WHERE clauses."""
