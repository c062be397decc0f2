"""The step kind: everything that the domain knows of one kind of step, and where its executor and its input are.

A kind is a subclass of `StepKind` with one instance. It stands in a module of its own, beside its configuration, and
the registry (domain/workflows/steps/registry.py) lists it, or an installed distribution does. docs/step-kinds.md is for
those who write one.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from domain.expressions.templates import Template
from domain.kernel.json.text import JsonValue
from domain.workflows.fields.types import DocumentModel
from domain.workflows.steps.rendering import own_expressions, rendered


class StepConfig(DocumentModel):
    """The base of the configurations of all kinds."""


Config = TypeVar("Config", bound=StepConfig)


class Effect(Enum):
    """The effect of a step outside of its execution, which decides when it may be run again.

    NONE: it computes or waits, and may run again at any time, also before its cause is stored. CALL: it calls others,
    each time under the same Idempotency-Key, and is not run before its cause is stored. CHILD: it starts executions,
    which are cancelled when it is stopped.
    """

    NONE = "none"
    CALL = "call"
    CHILD = "child"


class StepKind(Generic[Config]):
    """One kind of step; a subclass states what differs from this one.

    `name` is the `type` of its steps in documents, 32 capital letters, digits and underscores at most; `config` the
    model of their configuration. `executor` is `module:name` of a function that makes the kind's executor of
    `actors.steps.parts.StepParts`, and `graphql_input` of its GraphQL input; None: the input is derived from `config`.
    Both are named and not imported: the domain needs neither, the API no executors, and a worker no GraphQL.
    """

    name: ClassVar[str]
    config: type[Config]
    executor: ClassVar[str]
    graphql_input: ClassVar[str | None] = None
    effect: ClassVar[Effect] = Effect.CALL
    is_container: ClassVar[bool] = False
    """True of the three kinds whose steps are done when the blocks in them are; the engine knows these by name."""
    takes_signals: ClassVar[bool] = False
    """True of a kind whose steps, once completed, may have consumed a signal to the execution."""

    @property
    def is_pure(self) -> bool:
        """True when running a step has no effect outside of its execution."""
        return self.effect is Effect.NONE

    @property
    def input_member(self) -> str:
        """The kind's member of GraphQL's `StepConfigInput`: `httpRequest` for HTTP_REQUEST."""
        first, *rest = self.name.lower().split("_")
        return first + "".join(word.capitalize() for word in rest)

    def inputs(self, config: Config) -> Template:
        """The template that renders to a step's input; by default an object of the configuration's members.

        Templates in it are rendered, expressions evaluated, and other members are as they were given; those that were
        not given are left out.
        """
        return rendered(config)

    def expressions(self, config: Config) -> Mapping[str, str]:
        """The sources of the expressions that the executor evaluates by itself, by name.

        By default those that see more than the others of a step do, by the names of their members.
        """
        return own_expressions(config)

    def awaits_message(self, config: Config) -> bool:
        """True when a step with this configuration waits for something that is sent to its execution."""
        return False

    def is_answered(self, checkpoint: JsonValue) -> bool:
        """True when a step that left this checkpoint has been answered, and its call is not to be made again."""
        return False

    def checkpoint_of_retry(self, checkpoint: JsonValue, *, is_other: bool) -> JsonValue:
        """The checkpoint with which a retry of the execution begins a step that was not done; None for none.

        `is_other`: the step may have another configuration or input than the one that left the `checkpoint`.
        """
        return None

    def child_in(self, checkpoint: JsonValue, details: JsonValue) -> str | None:
        """The public id of the execution that a step has started, by its checkpoint or its error's details."""
        return None

    def stored_input(self, input: JsonValue) -> JsonValue:
        """The part of a step's rendered input that is stored and shown. Secrets are masked already."""
        return input

    def __repr__(self) -> str:
        return f"<step kind {self.name}>"


AnyKind = StepKind[Any]
