"""DBOS as a peer: the application that runs under its own Python, and what starts and asks it."""
