"""The contract of the ports of circuit breakers."""
