"""Unit tests of access."""
