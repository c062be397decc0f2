"""Webhooks: outbound deliveries, inbound messages, and the tokens of hook addresses."""
