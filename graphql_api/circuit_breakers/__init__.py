"""Circuit breakers: their types, queries, mutations and live updates."""
