"""The contract of the ports of transformation rules."""
