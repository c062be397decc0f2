"""Example service on real parts."""
