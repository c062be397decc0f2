"""GraphQL over HTTP, WebSockets and server-sent events: reading requests, executing operations, writing answers."""
