"""Periodic jobs: work that every worker does again and again beside executions."""
