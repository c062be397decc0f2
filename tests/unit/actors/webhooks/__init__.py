"""Unit tests of deliveries."""
