"""Unit tests of transformation rules."""
