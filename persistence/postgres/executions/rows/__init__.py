"""Rows of executions and steps to records, and records to rows."""
