"""A decision in the making: the facts and commands that `decide` has found so far, and the state they follow from."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.engine.actions import Command, Decision
from domain.engine.facts import Fact
from domain.engine.state import BlockState, ExecutionState
from domain.workflows.definitions.definition import Definition

NOTHING = Decision()


@dataclass(slots=True)
class DecisionBuilder:
    """A decision in the making. Its state stays as it was before the report: it does not contain the facts found yet.

    That is enough, because one report ends at most one step of each block. `is_paused`: nothing new may start.
    """

    definition: Definition
    state: ExecutionState
    now: datetime
    is_paused: bool
    facts: list[Fact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def decision(self) -> Decision:
        """The facts and commands that were found."""
        if not self.facts and not self.commands:
            return NOTHING
        return Decision(tuple(self.facts), tuple(self.commands))

    def block_around(self, path: str) -> BlockState:
        """The open block that the step at `path` is in."""
        return self.state.blocks[prefix_of(path)]


def prefix_of(path: str) -> str:
    """The prefix of the block that the step at `path` is in: step ids hold no dots."""
    return path.rpartition(".")[0]


def id_of(path: str) -> str:
    """The id of the step at `path`."""
    return path.rpartition(".")[2]
