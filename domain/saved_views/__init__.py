"""Saved views: a list with a filter and columns under a name, for the one who made it or for everybody."""
