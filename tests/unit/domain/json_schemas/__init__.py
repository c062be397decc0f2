"""Unit tests of JSON Schemas."""
