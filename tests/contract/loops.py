"""Executions with a loop whose items batches run."""

from typing import Any

from domain.executions.records import Claim, Progress
from tests.contract.conftest import Storage
from tests.contract.rows import claimed, delta_of, loop_step, new_batch, step

OWN = Progress(total=3, completed=1, failed=0, running=1, ended=1)
"""The progress that `parent_of_loop` has counted itself."""


def counted(total: int, completed: int = 0, failed: int = 0, running: int = 0, ended: int = 0) -> Progress:
    return Progress(total=total, completed=completed, failed=failed, running=running, ended=ended)


async def parent_of_loop(storage: Storage) -> Claim:
    """An execution that is held, with a step that is done and a loop that is open."""
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, step("before", position="0000"), loop_step(), progress=OWN))
    return claim


async def batch_of(storage: Storage, parent: Claim, first: int = 0, **given: Any) -> Claim:
    """A batch that a worker holds."""
    new = new_batch(parent, first, **given)
    await storage.executions.create_batches([new])
    return await claimed(storage, new.id)
