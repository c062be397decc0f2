"""Metrics: counts and durations of executions."""
