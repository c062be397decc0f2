"""Look-up of the transformation rules that a document names, all of them at once."""

from domain.kernel.errors import Problem
from domain.kernel.hints import did_you_mean
from domain.kernel.names import is_name
from domain.transformation_rules.ports import TransformationRuleStore
from domain.workflows.documents.reading import CheckedDocument

_HINT = "Save it with saveTransformationRule, or `stepgraph rules save`, before the workflow."
_MAX_GUESSES = 20
_MOST_KNOWN = 1_000
"""The most rules among whose names one is guessed that is misspelt."""


async def with_rules_looked_up(checked: CheckedDocument, rules: TransformationRuleStore | None) -> CheckedDocument:
    """The document's check with a problem for each named rule that does not exist. Without a store, unchanged."""
    if rules is None or not checked.rules:
        return checked
    names = {name for _, name in checked.rules}
    missing = names - (await rules.find_many([name for name in names if is_name(name)], lean=True)).keys()
    if not missing:
        return checked
    known = [rule.settings.name for rule in (await rules.page(first=_MOST_KNOWN, after=None, lean=True)).rows]
    hints = {name: did_you_mean(name, known) for name in sorted(missing)[:_MAX_GUESSES]}
    return checked.and_also(
        Problem(path=path, message=f"There is no transformation rule {name!r}.", hint=hints.get(name) or _HINT)
        for path, name in checked.rules
        if name in missing
    )
