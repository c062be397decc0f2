"""Two changes of one execution as one: what a posted delta becomes when the next one comes before it is stored."""

from dataclasses import replace

from domain.executions.records import ExecutionDelta


def merge_deltas(older: ExecutionDelta, newer: ExecutionDelta) -> ExecutionDelta:
    """The newer execution part, the union of the steps by path (newer wins), and the commands of both.

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
