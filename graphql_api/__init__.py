"""The face: one GraphQL API over HTTP, WebSocket and server-sent events."""
