"""Unit tests of persistence."""
