"""The contract of the ports of metrics."""
