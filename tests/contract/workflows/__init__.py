"""The contract of the ports of workflows."""
