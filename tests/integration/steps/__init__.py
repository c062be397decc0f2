"""Steps on real parts."""
