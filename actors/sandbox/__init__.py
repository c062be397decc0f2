"""The sandbox: child processes in which what may cost an unknown time is done."""
