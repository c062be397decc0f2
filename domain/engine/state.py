"""An execution's state as the decider sees it: the state of each step, and the work that is still owed.

The state is rebuilt from stored rows when a worker claims an execution, and then changed by `evolve` alone.
It is the one mutable value of the domain: exactly one activation owns it, and copying it on every fact would make an
execution of ten thousand steps quadratic.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from domain.workflows.definitions.definition import Block, CompiledStep
from domain.workflows.documents.graph import EACH


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitReason:
    """The reason for which something is not running, and the time until which if that is known."""

    kind: WaitKind
    until: datetime | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The time that an attempt lost to circuit breakers. `since` is when the present delay began, if there is one.

    Its time counts from `timed_from`: its start, moved by all the time for which it was held up.
    """

    timed_from: datetime
    since: datetime | None = None


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a step. `number` starts at 1; `finished_at` is None while it runs.

    `delay` is None where no circuit breaker ever held it up.
    """

    number: int
    started_at: datetime
    finished_at: datetime | None = None
    error: StepError | None = None
    status_code: int | None = None
    delay: Delay | None = None

    @property
    def timed_from(self) -> datetime:
        """The time from which the step's timeout counts."""
        return self.started_at if self.delay is None else self.delay.timed_from


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """One step execution: the value of a row, replaced whole by each fact that touches it.

    `attempts` holds every try so far, the running one last. `due_at` is when a waiting step goes on (a timer or a
    retry), or when a container's timeout is over. `input` is what the step was called with, after its templates were
    rendered; `output` only counts when `status` is COMPLETED. `checkpoint` is the memory of a step that is not done
    (which branch, which items, how many calls); of completed steps only a loop has one, for its items may be retried.
    """

    path: str
    step_id: str
    type: str
    status: StepStatus
    attempts: tuple[Attempt, ...] = ()
    input: JsonValue = None
    output: JsonValue = None
    error: StepError | None = None
    waiting_for: WaitReason | None = None
    due_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    checkpoint: JsonValue = None

    @property
    def attempt(self) -> int:
        """The number of the newest attempt; 0 before the first."""
        return len(self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedStep:
    """State that a retry carries over for a step that was not done and begins again: see domain/engine/carrying.py.

    `origins` are the executions whose step at this path it goes on with, the newest first; the retry itself where it
    goes on with none. A call has only one, under whose Idempotency-Key it is made; of a step that starts executions,
    the children of all are looked at. `checkpoint` is the one that a call begins with; of a step that starts
    executions it is `{child, latestVersion}`.
    """

    path: str
    origins: tuple[UUID, ...]
    checkpoint: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A message to an execution that is not consumed yet: a signal with a name, or a message to the step at `path`."""

    payload: JsonValue
    name: str | None = None
    path: str | None = None

    def to_json(self) -> JsonValue:
        """The signal as it is stored: `{name?, path?, payload}`."""
        value: dict[str, JsonValue] = {"payload": self.payload}
        if self.name is not None:
            value["name"] = self.name
        if self.path is not None:
            value["path"] = self.path
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, JsonValue]) -> "Signal":
        """The signal that `to_json` wrote."""
        name, path = value.get("name"), value.get("path")
        return cls(
            payload=value["payload"],
            name=name if isinstance(name, str) else None,
            path=path if isinstance(path, str) else None,
        )


@dataclass(slots=True, kw_only=True)
class BlockState:
    """A block that has been opened: the workflow's own, a branch, an item of a loop, a handler.

    `prefix` is the beginning of the paths of its steps, `owner` the path of the step that it is in (None for the
    workflow's own and for `onFailure`), `key` its label in that step, or the index of an item.
    `unmet[id]` counts the dependencies of a step that have not ended, once one of them has. `ended` counts steps that
    have ended well enough to go on. `share` is how much of the whole it is, 0 to 1, and `done` how much of that has
    ended; `partial` is the same of steps in it that did not end well, by id. Derived from the steps, never stored.
    """

    prefix: str
    block: Block
    owner: str | None
    key: str | int
    unmet: dict[str, int] = field(default_factory=dict)
    ended: int = 0
    share: float = field(default=0.0, compare=False)
    done: float = field(default=0.0, compare=False)
    partial: dict[str, float] = field(default_factory=dict, compare=False)

    def path_of(self, id: str) -> str:
        """The path of the step with this id."""
        return f"{self.prefix}.{id}" if self.prefix else id

    @property
    def is_done(self) -> bool:
        """True when every step of it has ended."""
        return self.ended == len(self.block.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharding:
    """The division of a loop into batches of `batch_size` items, which take turns on `shards`.

    Batch n runs on shard n modulo `shards`, once the batch before it on that shard has ended; the shards share the
    loop's concurrency. So which batches may run follows from which have ended, and nothing else has to be remembered.
    """

    batch_size: int
    shards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRange:
    """A batch: the part of a loop's items that one activation runs.

    `path` is the loop's, `first` the index of the first item in the whole list. `concurrency` is this batch's share of
    the loop's, `tolerated` how many failed items the whole loop tolerates, `share` how much of the execution one item
    is, 0 to 1. As JSON it is a batch's `input`.
    """

    path: str
    first: int
    items: tuple[JsonValue, ...]
    concurrency: int
    tolerated: int
    share: float = 0.0

    def to_json(self) -> JsonValue:
        """The range as JSON: `{path, first, items, concurrency, tolerated, share}`."""
        return {
            "path": self.path,
            "first": self.first,
            "items": list(self.items),
            "concurrency": self.concurrency,
            "tolerated": self.tolerated,
            "share": self.share,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ItemRange":
        """The range that `to_json` wrote."""
        return cls(
            path=value["path"],
            first=value["first"],
            items=tuple(value["items"]),
            concurrency=value["concurrency"],
            tolerated=value["tolerated"],
            share=value.get("share", 0.0),
        )


@dataclass(slots=True, kw_only=True)
class ContainerState:
    """An open CONDITIONAL, PARALLEL or FOR_EACH, with its blocks that run, that wait for a turn, and that have ended.

    Blocks are known by key: the label, or the index of an item. `pending` are those not started, in order; `active`
    maps keys to prefixes. `outcomes` has an entry for each that has ended: None when it ended well, else its error;
    `failures` counts the errors. `results` holds the values of the `output` expression for items; the items in
    `unresolved` have ended and are having theirs computed. Derived from the steps, never stored.

    A sharded loop has no block of its own here: `sharding` says how it is cut, `ended_batches` which are done.
    `share` is how much of the whole it is, 0 to 1, and `done` how much of that has ended.
    """

    path: str
    step: CompiledStep
    limit: int
    first: int = 0
    size: int = 0
    tolerated: int = 0
    sharding: Sharding | None = None
    pending: deque[str | int] = field(default_factory=deque)
    active: dict[str | int, str] = field(default_factory=dict)
    outcomes: dict[str | int, StepError | None] = field(default_factory=dict)
    failures: int = 0
    results: dict[int, JsonValue] = field(default_factory=dict)
    unresolved: set[int] = field(default_factory=set)
    ended_batches: set[int] = field(default_factory=set)
    share: float = field(default=0.0, compare=False)
    done: float = field(default=0.0, compare=False)

    def prefix_of(self, key: str | int) -> str:
        """The prefix of the paths of the steps in one of its blocks."""
        return f"{self.path}[{key}]" if isinstance(key, int) else f"{self.path}.{key}"

    def block_of(self, key: str | int) -> Block:
        """The steps of one of its blocks."""
        return self.step.blocks[EACH if isinstance(key, int) else key]


@dataclass(slots=True, kw_only=True)
class ExecutionState:
    """One execution: its status, the state of every step that has one, and the values that `evolve` derives from them.

    A step that has no entry in `steps` has not been reached. `running` and `waiting` are paths of steps that are not
    containers. `blocks` are those that are open, by prefix; `containers` those steps that are, by path. `timers` is a
    heap of (due time, path) whose top is never stale. `signals` are kept until a step consumes them.

    `failure`: the error with which the execution is going to end once `onFailure` has run; `is_timeout` whether as
    TIMED_OUT. `sharded`: loops whose items other activations run. `batch`: the loop of which this activation runs a
    part, where it is not a whole execution; `outer` are then the steps around that loop, which are only read.
    `carried`: what a retry knows, by path, of steps that it begins again.
    `ended` is how much of the whole has ended, 0 to 1, and `ahead` how much of that is missing from the rows: a worker
    that was lost had counted it, so what is counted next is a part of it. `total` is how many step executions are
    known.
    """

    execution_id: UUID
    status: ExecutionStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    output: JsonValue = None
    error: StepError | None = None
    steps: dict[str, StepState] = field(default_factory=dict)
    outer: dict[str, StepState] = field(default_factory=dict)
    carried: Mapping[str, CarriedStep] = field(default_factory=dict)
    blocks: dict[str, BlockState] = field(default_factory=dict)
    containers: dict[str, ContainerState] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    failure: StepError | None = None
    is_timeout: bool = False
    paused_at: datetime | None = None
    sharded: set[str] = field(default_factory=set)
    batch: "ItemRange | None" = None
    running: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    timers: list[tuple[datetime, str]] = field(default_factory=list)
    ended: float = 0.0
    ahead: float = field(default=0.0, compare=False)
    completed: int = 0
    failed: int = 0
    total: int = 0
    finishing: bool = False
    """True once all steps have ended and while the output is being evaluated."""

    @property
    def is_paused(self) -> bool:
        """True when nothing new may start."""
        return self.paused_at is not None
