"""`dev`, `demo`, `serve`, `worker` and `migrate`."""
