"""Webhooks on real parts."""
