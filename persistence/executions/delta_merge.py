"""Merging two deltas of one execution: a posted one that is not stored yet and the next one."""

from dataclasses import replace

from domain.executions.records import ExecutionDelta


def merge_deltas(older: ExecutionDelta, newer: ExecutionDelta) -> ExecutionDelta:
    """Both deltas as one: the newer execution part, all steps by path (newer wins), and the commands of both.

    Both must be of one execution at one epoch.
    """
    if not older.steps:
        steps = newer.steps
    else:
        union = {step.state.path: step for step in older.steps}
        union.update((step.state.path, step) for step in newer.steps)
        steps = tuple(union.values())
    return replace(
        newer,
        steps=steps,
        applied_commands=older.applied_commands + newer.applied_commands,
        starts=older.starts or newer.starts,
    )
