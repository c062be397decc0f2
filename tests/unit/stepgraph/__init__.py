"""Unit tests of settings, processes and the command line."""
