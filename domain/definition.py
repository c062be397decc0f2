"""A workflow compiled for running: the graph is sorted, every template and expression is parsed, nothing is looked up.

`domain/compiler.py` makes it from a `WorkflowDocument`; workers and API processes cache it by id, for a stored
version never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from domain.expressions import Expression
from domain.json_text import JsonValue
from domain.statuses import Jitter, RetryStrategy, StepType
from domain.steps import StepConfig
from domain.templates import Template

_PURE_TYPES = frozenset({StepType.DATA_TRANSFORM, StepType.WAIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how far apart. `max_attempts` counts calls in all, the first included."""

    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL
    max_attempts: int = 3
    delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    max_delay: timedelta | None = timedelta(minutes=1)
    jitter: Jitter = Jitter.FULL
    max_elapsed: timedelta | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledStep:
    """One step of a block, ready to run.

    `path` is the static path (`choose.then.fetch`); items of a loop put an index into it. `position` sorts like the
    document: one four-digit number per level, joined by dots. `depends_on` and `dependants` are ids within the same
    block. `inputs` renders to what the step is called with; its shape is the step type's own:

    - HTTP_REQUEST: an object with `method`, `url` and, where given, `query`, `headers`, `body`, `auth`
    - DATA_TRANSFORM: the output value itself
    - WAIT: `{"duration": "PT5S"}` or `{"until": <what the expression gives>}`

    `on_error_continue`: the step's final failure does not fail its block.
    """

    id: str
    path: str
    position: str
    type: StepType
    config: StepConfig
    inputs: Template
    depends_on: tuple[str, ...]
    dependants: tuple[str, ...]
    when: Expression | None = None
    retry: RetryPolicy | None = None
    timeout: timedelta | None = None
    on_error_continue: bool = False

    @property
    def is_pure(self) -> bool:
        """Whether running it has no effect outside: it may be run again, or before what led to it is stored."""
        return self.type in _PURE_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Steps that belong together: the workflow's own, or those inside a branch, a loop or a handler.

    `steps` is in document order; `stages` is the order of execution, each inner tuple may run at once.
    """

    steps: Mapping[str, CompiledStep]
    stages: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One immutable version of a workflow, compiled. `workflow_id` and `version` are None for `orchestrate`."""

    id: UUID
    name: str
    workflow_id: UUID | None
    version: int | None
    root: Block
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    output: Expression | None = None
    timeout: timedelta | None = None

    @property
    def total_steps(self) -> int:
        """How many step executions are known before it runs; loops add theirs as they unfold."""
        return len(self.root.steps)
