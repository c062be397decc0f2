"""The contract of the ports of secrets."""
