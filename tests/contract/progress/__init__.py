"""The contract of the ports of progress."""
