"""Processes on real parts."""
