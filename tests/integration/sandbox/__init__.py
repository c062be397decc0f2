"""Sandbox on real parts."""
