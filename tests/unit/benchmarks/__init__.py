"""Unit tests of what benchmarks compute and print."""
