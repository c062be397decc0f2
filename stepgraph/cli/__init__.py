"""The commands of `stepgraph`, one file for each thing they are about."""
