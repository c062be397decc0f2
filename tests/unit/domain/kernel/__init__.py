"""Unit tests of what every subject may use."""
