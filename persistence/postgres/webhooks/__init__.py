"""Webhooks and their events in PostgreSQL."""
