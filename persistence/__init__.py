"""Storage: PostgreSQL for the truth, Redis for hints and live progress, and an in-memory twin of both."""
