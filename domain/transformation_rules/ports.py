"""The port that stores transformation rules."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from domain.kernel.pages import Page
from domain.transformation_rules.model import RuleRecord


class TransformationRuleStore(Protocol):
    """Transformation rules. Names are unique. Records read `lean` are without large settings (see `LargeValues`)."""

    async def save(self, rule: RuleRecord) -> RuleRecord:
        """Store a rule, or overwrite the one with its name, which keeps its id and its `created_at`.

        Returns the stored record. `revision` is one more than before, 1 at first.
        """

    async def delete(self, name: str) -> bool:
        """Remove the rule with this name; True when there was one."""

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, RuleRecord]:
        """The rules with these ids."""

    async def find_many(self, names: Collection[str], *, lean: bool = False) -> Mapping[str, RuleRecord]:
        """The rules with these names, by name."""

    async def page(self, *, first: int, after: str | None, lean: bool = False) -> Page[RuleRecord]:
        """Rules, by name (as code points); `after` is a name."""

    async def count(self) -> int:
        """The number of rules."""

    async def users_of(self, name: str, *, limit: int) -> Sequence[str]:
        """The names of at most `limit` workflows, in order, that are not deleted and whose newest version uses it."""
