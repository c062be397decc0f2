"""Requests that are written to cost much, by kind, against a real API and a real worker: what each may cost at most.

Promised: a request below 10 kB costs the API at most 100 ms of processor time, one below 1 MB at most a second,
whatever it says and whoever sends it; the event loop is never held for 250 ms; the memory that it took comes back.
docs/limits.md says it to users. `make abuse` sends hundreds of each kind and prints a table.
"""
