"""Unit tests of workflow templates."""
