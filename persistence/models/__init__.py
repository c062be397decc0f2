"""The tables, as Tortoise models: what migrations are made from, and what the quiet paths read and write through.

Tables are singular and snake_case, named like their models. Workers never come this way: what happens for every step
is SQL by hand in executions.py, queries.py and recovery.py. What the ORM cannot say (`COLLATE "C"`, partial and
expression indexes, fill factors, composite keys) is SQL in the migrations.
"""

from persistence.models.executions import ExecutionCommand, StepExecution, WorkflowExecution
from persistence.models.outbox import PendingEvent
from persistence.models.system import Installation, WorkerProcess
from persistence.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "ExecutionCommand",
    "Installation",
    "PendingEvent",
    "StepExecution",
    "WorkerProcess",
    "Workflow",
    "WorkflowExecution",
    "WorkflowVersion",
]
