"""The services over the in-memory ports."""

from dataclasses import dataclass

import pytest

from domain.limits import Limits
from domain.services.definitions import DefinitionCache
from domain.services.executions import ExecutionService
from domain.services.workflows import WorkflowService
from persistence.memory import MemoryStorage
from tests.clocks import ManualClock


@dataclass(frozen=True, slots=True)
class Services:
    """The services, and what is behind them."""

    storage: MemoryStorage
    clock: ManualClock
    definitions: DefinitionCache
    workflows: WorkflowService
    executions: ExecutionService


@pytest.fixture
def services() -> Services:
    storage, clock = MemoryStorage(), ManualClock()
    definitions = DefinitionCache(storage.workflows)
    limits = Limits(max_input_bytes=10_000, max_labels=3, max_batch=10)
    return Services(
        storage=storage,
        clock=clock,
        definitions=definitions,
        workflows=WorkflowService(workflows=storage.workflows, clock=clock, limits=limits),
        executions=ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
    )
