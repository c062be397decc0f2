"""The health of a system, and its installation, in memory."""
