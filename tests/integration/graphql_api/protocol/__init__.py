"""The API's protocol over HTTP."""
