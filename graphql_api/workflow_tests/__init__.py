"""Tests of workflows in the API."""
