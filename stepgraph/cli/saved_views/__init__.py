"""`views`."""
