"""Secrets: stored encrypted, looked up by workers, and masked in everything that is stored, logged or shown."""
