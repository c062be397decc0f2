"""The processes of a deployment: API, worker, and what starts, watches and stops them."""
