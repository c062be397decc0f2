"""The calls of HTTP_REQUEST steps: one, a poll, the pages of a list, and access tokens for them."""
