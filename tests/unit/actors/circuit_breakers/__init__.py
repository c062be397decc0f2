"""Unit tests of circuit breakers in a worker."""
