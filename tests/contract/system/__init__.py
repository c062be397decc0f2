"""The contract of the ports of system."""
