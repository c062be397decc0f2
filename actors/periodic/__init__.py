"""Periodic jobs: what every worker does again and again beside executions."""
