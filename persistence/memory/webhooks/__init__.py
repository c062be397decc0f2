"""Webhooks and their events in memory."""
