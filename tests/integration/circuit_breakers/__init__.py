"""Circuit breakers on real parts."""
