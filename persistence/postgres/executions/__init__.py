"""Executions in PostgreSQL: hand-written SQL, many calls to a statement."""
