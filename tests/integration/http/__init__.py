"""Outgoing HTTP on real parts."""
