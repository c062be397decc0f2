"""Unit tests of executions."""
