"""What Stepgraph costs and how fast it is: the workloads behind docs/performance.md."""
