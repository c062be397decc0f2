"""Tests against real services, sockets and processes."""
