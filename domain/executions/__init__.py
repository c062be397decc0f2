"""Executions: starting and controlling them, retries, signals, children, and what is stored of them."""
