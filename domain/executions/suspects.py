"""The rule for suspects: executions that may have killed their workers, unlike those that only ran beside them."""

from datetime import timedelta

SUSPECT_AFTER = 2
"""The number of workers that an execution or batch has lost, since a step of it last ended, which makes it a suspect.

A worker watches one suspect at a time and takes no other meanwhile: where it dies, no other suspect is blamed for that.
One lost worker makes none, or all that a worker held would be taken on one by one after every loss of a worker.
"""

WATCHED_FOR = timedelta(seconds=5)
"""The longest time for which a suspect is watched; it ends earlier when a step of it ends or it is released.

So those whose steps take hours do not keep all others waiting.
"""
