"""`schedules`."""
