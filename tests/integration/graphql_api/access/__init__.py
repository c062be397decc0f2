"""The API's access over HTTP."""
