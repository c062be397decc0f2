"""The API's workflow templates over HTTP."""
