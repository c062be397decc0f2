"""Unit tests of activations."""
