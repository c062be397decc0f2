"""The rules of Stepgraph: what workflows mean, and what happens next. No clock, no randomness, no I/O."""
