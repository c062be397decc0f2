"""Checks of workflow documents: each module finds one kind of fault, and all of them run on every document."""
