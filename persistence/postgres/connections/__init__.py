"""Connections to PostgreSQL: the pool, the ORM on it, the clock that all processes share, and servers that are away."""
