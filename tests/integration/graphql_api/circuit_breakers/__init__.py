"""The API's circuit breakers over HTTP."""
