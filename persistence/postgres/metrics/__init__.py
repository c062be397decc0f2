"""Metrics in PostgreSQL: counted from the outbox, and read."""
