"""Metrics: counts and durations of executions and steps."""
