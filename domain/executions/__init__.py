"""Executions: starting and controlling them, retries, signals, children, and their stored records."""
