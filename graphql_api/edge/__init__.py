"""Checks of a request before its operation is read: its client and origin, its host, and its budgets."""
