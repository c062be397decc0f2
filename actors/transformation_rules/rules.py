"""The transformation rules that a worker applies: each is looked up about once a second, and compiled once."""

import asyncio
from uuid import UUID

from domain.kernel.errors import Unavailable
from domain.kernel.single_flight import SingleFlight
from domain.transformation_rules.model import CompiledRule, RuleRecord
from domain.transformation_rules.ports import TransformationRuleStore

KEPT_FOR = 1.0
"""The seconds for which a rule is not looked up again: for so long a change may go unnoticed."""

_MOST_KEPT = 1_000


class StoredRules:
    """Rules by name. A compiled rule is kept for as long as the rule's revision is the same."""

    def __init__(self, rules: TransformationRuleStore, *, kept_for: float = KEPT_FOR) -> None:
        self._rules = rules
        self._kept_for = kept_for
        self._fresh: dict[str, tuple[float, CompiledRule | None]] = {}
        self._compiled: dict[str, tuple[UUID, int, CompiledRule]] = {}
        self._loading: SingleFlight[str, CompiledRule | None] = SingleFlight("rule")

    def kept(self, name: str) -> CompiledRule | None:
        """The rule, where it was looked up just now; None where it has to be looked up."""
        fresh = self._fresh.get(name)
        return fresh[1] if fresh is not None and fresh[0] > asyncio.get_running_loop().time() else None

    async def get(self, name: str) -> CompiledRule | None:
        """The rule, or None where there is none. Callers that ask at once share one look-up.

        While the database is away, it is the last known one. Raises `Unavailable` where none is known.
        """
        rule = self.kept(name)
        return rule if rule is not None else await self._loading(name, lambda: self._load(name))

    async def _load(self, name: str) -> CompiledRule | None:
        try:
            record = (await self._rules.find_many([name])).get(name)
        except Unavailable:
            if name not in self._compiled:
                raise
            return self._keep(name, self._compiled[name][2])
        if record is None:
            self._compiled.pop(name, None)
            return self._keep(name, None)
        return self._keep(name, self._compile(record))

    def _keep(self, name: str, rule: CompiledRule | None) -> CompiledRule | None:
        if len(self._fresh) >= _MOST_KEPT:
            self._fresh.clear()
            self._compiled.clear()
        self._fresh[name] = asyncio.get_running_loop().time() + self._kept_for, rule
        return rule

    def _compile(self, record: RuleRecord) -> CompiledRule:
        name = record.settings.name
        compiled = self._compiled.get(name)
        if compiled is None or compiled[:2] != (record.id, record.revision):
            compiled = self._compiled[name] = record.id, record.revision, CompiledRule.of(record.settings)
        return compiled[2]
