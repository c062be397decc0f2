"""The contract of the ports of connections."""
