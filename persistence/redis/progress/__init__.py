"""Committed changes over Redis: publishing them, and hearing of them."""
