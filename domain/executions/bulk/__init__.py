"""Bulk operations: one thing done with every execution that matches, in the background, batch by batch."""
