"""Unit tests of workflow documents and their checks."""
