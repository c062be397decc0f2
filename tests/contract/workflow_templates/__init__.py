"""The contract of the ports of workflow templates."""
