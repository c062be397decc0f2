"""Webhooks: their types, queries and mutations, and the route that receives them."""
