"""Step kinds: all that belongs to one stands in its module, and the registry knows them all."""
