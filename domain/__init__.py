"""The rules of Stepgraph: what a workflow means and what happens next. No clock, no randomness, no I/O."""
