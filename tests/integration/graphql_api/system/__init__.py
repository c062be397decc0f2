"""The API's system over HTTP."""
