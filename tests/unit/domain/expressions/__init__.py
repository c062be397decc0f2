"""Unit tests of expressions and templates."""
