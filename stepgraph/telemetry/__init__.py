"""Logs, and what Prometheus reads."""
