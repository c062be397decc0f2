"""`breakers`."""
