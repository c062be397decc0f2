"""The decider: reports go in, facts and commands come out."""
