"""Exports: an execution as one JSON document that needs no server to be looked at."""
