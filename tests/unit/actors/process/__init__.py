"""Unit tests of a worker's process."""
