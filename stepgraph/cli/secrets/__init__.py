"""`secrets`, `encryption-key` and `rotate-encryption`."""
