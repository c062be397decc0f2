"""Schedules: cron expressions, the ticks that are due, and firing them."""
