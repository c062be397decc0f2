"""The API's webhooks over HTTP."""
