"""Connections to servers: telling that one cannot be reached, trying again, and ending what listens."""
