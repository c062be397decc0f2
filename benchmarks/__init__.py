"""Benchmarks of Stepgraph's speed and cost: the workloads behind docs/performance.md."""
