"""The contract of the ports of access."""
