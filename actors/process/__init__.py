"""A worker's process: Dramatiq's broker and actors, its event loop, and the signals that stop it."""
