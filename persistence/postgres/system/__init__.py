"""Worker processes and the installation in PostgreSQL."""
