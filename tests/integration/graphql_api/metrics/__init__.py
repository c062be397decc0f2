"""The API's metrics over HTTP."""
