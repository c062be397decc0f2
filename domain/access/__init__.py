"""Access: API keys, roles, stream tickets, and the audit."""
