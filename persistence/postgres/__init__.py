"""PostgreSQL: the truth. One module or folder a subject, on one pool of connections."""
