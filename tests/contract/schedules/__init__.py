"""The contract of the ports of schedules."""
