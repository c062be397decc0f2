"""JSON values: reading and writing them, and those that JSON, PostgreSQL or UTF-8 cannot hold."""
