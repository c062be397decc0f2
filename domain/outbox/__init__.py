"""The outbox: events that have happened and are still to be counted in metrics and sent to webhooks."""
