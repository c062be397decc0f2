"""Metrics: how executions have gone."""
