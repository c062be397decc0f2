"""Outgoing HTTP: one client for every call, held to the destination policy and to limits."""
