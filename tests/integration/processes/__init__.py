"""Processes of a deployment on real parts."""
