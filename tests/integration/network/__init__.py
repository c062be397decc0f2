"""The network edge of the API, attacked from outside: a process of its own on memory."""
