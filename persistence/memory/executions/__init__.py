"""Executions in memory."""
