"""The transformation rules that a worker applies: each is looked up about once a second, and compiled once."""

from datetime import timedelta
from uuid import UUID

from domain.kernel.errors import Unavailable
from domain.kernel.shared_lookups import NOT_AT_ALL, SharedLookups
from domain.transformation_rules.model import CompiledRule, RuleRecord
from domain.transformation_rules.ports import TransformationRuleStore

KEPT_FOR = 1.0
"""The seconds for which a rule is not looked up again: for so long a change may go unnoticed."""

_MOST_KEPT = 1_000


class StoredRules:
    """Rules by name. A compiled rule is kept for as long as the rule's revision is the same."""

    def __init__(self, rules: TransformationRuleStore, *, kept_for: float = KEPT_FOR) -> None:
        self._rules = rules
        fresh = timedelta(seconds=kept_for)
        self._fresh = SharedLookups[str, CompiledRule | None](
            "rule", kept_for=lambda rule: NOT_AT_ALL if rule is None else fresh, most=_MOST_KEPT
        )
        self._compiled: dict[str, tuple[UUID, int, CompiledRule]] = {}

    def kept(self, name: str) -> CompiledRule | None:
        """The rule, where it was looked up just now; None where it has to be looked up."""
        return self._fresh.kept(name)

    async def get(self, name: str) -> CompiledRule | None:
        """The rule, or None where there is none. Callers that ask at once share one look-up.

        While the database is away, it is the last known one. Raises `Unavailable` where none is known.
        """
        return await self._fresh.get(name, lambda: self._load(name))

    async def _load(self, name: str) -> CompiledRule | None:
        try:
            record = (await self._rules.find_many([name])).get(name)
        except Unavailable:
            if name not in self._compiled:
                raise
            return self._compiled[name][2]
        if record is None:
            self._compiled.pop(name, None)
            return None
        return self._compile(record)

    def _compile(self, record: RuleRecord) -> CompiledRule:
        name = record.settings.name
        compiled = self._compiled.get(name)
        if compiled is None or compiled[:2] != (record.id, record.revision):
            if len(self._compiled) >= _MOST_KEPT:
                self._compiled.clear()
            compiled = self._compiled[name] = record.id, record.revision, CompiledRule.of(record.settings)
        return compiled[2]
