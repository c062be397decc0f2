"""Circuit breakers: which services are called at present, and when that changes."""
