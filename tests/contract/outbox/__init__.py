"""The contract of the ports of outbox."""
