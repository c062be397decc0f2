"""Metrics: what was counted about executions."""
