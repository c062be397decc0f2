"""The API's transformation rules over HTTP."""
