"""API keys and the audit in GraphQL."""
