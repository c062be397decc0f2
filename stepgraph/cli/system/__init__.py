"""`health`, `metrics`, `evaluate` and `schema`."""
