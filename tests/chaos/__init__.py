"""Breaking a running system on purpose: real processes, a proxy in front of every server, and faults at random."""
