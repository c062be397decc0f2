"""Stepgraph beside its peers, in turns on one machine: `make bench-peers`.

W1 to W5 are those of docs/performance.md. All that is measured stands ready the whole time, and each workload is
measured in turns, in another order every round; what counts is the median of the rounds' ratios. Each has as many
processes for the work as the other: `--workers`, 2 by default. All call the same example service, parse its JSON
answers and store them, keep what they did, and write durably (PostgreSQL with `fsync` and `synchronous_commit` on;
Restate's log as it comes, which syncs).

Set for **Restate**: one server, its processors and memory not limited, all on the loopback interface, its telemetry
off. Its TypeScript SDK over HTTP/2 with bidirectional streams; two Node.js processes behind one port, between which
its connections are dealt out; undici with kept connections to the service. An invocation is one call of the ingress
that is answered when it has ended: one hop less than to send it and to attach to it. The calls share HTTP/2
connections, from a client in Node.js, whose processor time is less than that of one in Python. A loop's items are
`ctx.run` of one invocation, 200 at a time.

Set for **DBOS**: a PostgreSQL of its own with the options of ours. Workflows and steps are asynchronous, on uvloop;
HTTP by aiohttp with kept connections. Each process starts its half of the workflows and awaits them in itself: no
request comes in, and no queue is polled (once a second by default), which is the least that DBOS can do. 20 connections
a process, its default, and as many threads for them. It needs long: W1, W2 and W5 have a fifth of the executions,
which rates and percentiles hardly show.
"""
