"""Cli on real parts."""
