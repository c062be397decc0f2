"""Schedules: which workflow starts when."""
