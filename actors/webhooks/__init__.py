"""Delivering events to outbound webhooks."""
