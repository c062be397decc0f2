"""Unit tests of periodic jobs."""
