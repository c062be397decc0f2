"""Secrets in PostgreSQL, and the encryption of everything that is stored encrypted."""
