"""The contract of the ports of webhooks."""
