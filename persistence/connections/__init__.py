"""Connections to servers: recognizing that one cannot be reached, trying again, and ending background tasks."""
