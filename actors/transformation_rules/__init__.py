"""The transformation rules that a worker applies."""
