"""The API's secrets over HTTP."""
