"""Unit tests of secrets."""
