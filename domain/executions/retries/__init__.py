"""Retries of executions: what is kept of one that failed, and the new execution that goes on from there."""
