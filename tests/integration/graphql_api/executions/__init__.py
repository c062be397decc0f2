"""The API's executions over HTTP."""
