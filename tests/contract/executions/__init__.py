"""The contract of the ports of executions."""
