"""A workflow compiled for running: the graph is sorted, every template and expression is parsed, nothing is looked up.

`domain/workflows/definitions/compiler.py` makes it from a `WorkflowDocument`; workers and API processes cache it by id,
for a stored version never changes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from domain.expressions.expression import Expression
from domain.expressions.templates import Template
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import Jitter, RetryStrategy
from domain.workflows.documents.graph import HANDLER
from domain.workflows.steps.kind import AnyKind, StepConfig
from domain.workflows.steps.registry import kind_of

_INDEX = re.compile(r"\[\d+\]")


@lru_cache(maxsize=4096)
def _static(path: str) -> str:
    """The path without the indexes of items. Cached, as events of an item ask for its path half a dozen times."""
    return _INDEX.sub("[]", path)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The retry policy of a step. `max_attempts` counts calls in all, the first included."""

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

    `path` is the static path (`choose.then.fetch`, `loop[].fetch`): a step execution has the index of the item in its
    brackets. `position` sorts like the document: numbers joined by dots, of the step in its block (four digits), of
    the block in its step (four digits; `~` for a handler), `*` where the index of an item goes. `depends_on` and
    `dependants` are ids within the same block. `blocks` are those inside the step by label (`then`, `else`, a branch's
    name, `each` for a loop's items, `onError` for its handler). `type` is the name of its `kind`, which says in which
    shape `inputs` renders to the step's input.

    `expressions` are further ones that the executor evaluates by itself (a poll's `until`, validation rules), by name.
    `on_error_continue`: the step's final failure does not fail its block. `result` (FOR_EACH): the result of one item.
    """

    id: str
    path: str
    position: str
    type: str
    config: StepConfig
    inputs: Template
    depends_on: tuple[str, ...]
    dependants: tuple[str, ...]
    when: Expression | None = None
    retry: RetryPolicy | None = None
    timeout: timedelta | None = None
    on_error_continue: bool = False
    blocks: Mapping[str, "Block"] = field(default_factory=dict)
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    result: Template | None = None
    needs_waiting: bool = False
    """True when its condition or its input cannot be evaluated at once: it needs the sandbox, or secrets."""
    secrets: frozenset[str] = frozenset()
    """The names of the secrets that its input needs."""
    kind: AnyKind = field(init=False, compare=False)
    is_container: bool = field(init=False, compare=False)
    """True when it is done when the blocks in it are, rather than when its executor is."""
    is_pure: bool = field(init=False, compare=False)
    """True when running it has no effect outside: it may be run again, or before its cause is stored."""

    def __post_init__(self) -> None:
        kind = kind_of(self.type)
        for name, value in (("kind", kind), ("is_container", kind.is_container), ("is_pure", kind.is_pure)):
            object.__setattr__(self, name, value)

    @property
    def handler(self) -> "Block | None":
        """The steps that handle its final failure."""
        return self.blocks.get(HANDLER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Steps that belong together: the workflow's own, or those inside a branch, a loop or a handler.

    `path` is the static path of the block (`choose.then`, `loop[]`; empty for the workflow's own) and `label` its name
    in its step. `steps` is in document order; `stages` is the order of execution, each inner tuple may run at once.
    """

    path: str
    label: str
    steps: Mapping[str, CompiledStep]
    stages: tuple[tuple[str, ...], ...]

    @property
    def last(self) -> str:
        """The id of the last step in document order: no block is empty that runs."""
        return list(self.steps)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One immutable version of a workflow, compiled. `workflow_id` and `version` are None for `orchestrate`."""

    id: UUID
    name: str
    workflow_id: UUID | None
    version: int | None
    root: Block
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    output: Template | None = None
    timeout: timedelta | None = None
    on_failure: Block | None = None
    max_concurrent_executions: int | None = None
    reads_signal_url: bool = False
    """True when an expression reads `execution.signalUrl`, which is made for no other definition."""
    steps: Mapping[str, CompiledStep] = field(default_factory=dict)
    """Every step of every block, by static path."""
    blocks: Mapping[str, Block] = field(default_factory=dict)
    """Every block by its static path."""
    expression_count: int = 0
    """The number of its expressions, each as often as it is written."""

    def step(self, path: str) -> CompiledStep:
        """The step behind the path of a step execution. Raises `KeyError` where this version has none."""
        found = self.steps.get(path)
        return self.steps[_static(path)] if found is None else found

    def block(self, prefix: str) -> Block:
        """The block behind the prefix of its steps' paths. Raises `KeyError` where this version has none."""
        found = self.blocks.get(prefix)
        return self.blocks[_static(prefix)] if found is None else found

    def position(self, path: str) -> str:
        """The sort key of a step execution in document order: items are in the order of their indexes."""
        position = self.step(path).position
        if "*" in position:
            for index in _INDEX.findall(path):
                position = position.replace("*", f"{int(index[1:-1]):08}", 1)
        return position

    @property
    def total_steps(self) -> int:
        """The number of step executions known before it runs; loops add theirs as they unfold."""
        return len(self.root.steps)
