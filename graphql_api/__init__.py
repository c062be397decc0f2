"""One GraphQL API over HTTP, WebSockets and server-sent events."""
