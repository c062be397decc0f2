"""What has happened and is still to be told: counted in metrics, and sent to webhooks."""
