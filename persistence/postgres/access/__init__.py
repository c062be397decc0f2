"""API keys and the audit in PostgreSQL."""
