"""Which executions may be what their workers died of, and how such are told from those that were only beside them."""

from datetime import timedelta

SUSPECT_AFTER = 2
"""An execution, or a batch, that has lost so many workers since a step of it last ended is a suspect.

A worker watches one suspect at a time and takes no other meanwhile: where it dies, no other suspect is blamed for that.
One lost worker makes none, or all that a worker held would be taken on one by one after every loss of a worker.
"""

WATCHED_FOR = timedelta(seconds=5)
"""A suspect is watched until a step of it ends or it is let go of, but no longer than this.

So those whose steps take hours do not keep all others waiting.
"""
