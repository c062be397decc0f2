"""Definitions: what documents are compiled to, and the cache of them."""
