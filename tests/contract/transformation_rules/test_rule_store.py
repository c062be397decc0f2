"""The contract of the store of transformation rules, over memory and PostgreSQL."""

from dataclasses import replace
from typing import Any

from domain.kernel.ids import new_id
from domain.transformation_rules.model import RuleExample, RuleRecord, RuleSettings
from domain.workflows.records import WorkflowChanges
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, created_workflow, next_version

EXAMPLE = RuleExample(input={"b": 1, "a": [1.5, None, 12345678901234567890]}, output=False)


def a_rule(name: str = "total", **given: Any) -> RuleRecord:
    settings = RuleSettings(**({"name": name, "expression": "input.total"} | given))
    return RuleRecord(id=new_id(), settings=settings, revision=1, created_at=NOW, updated_at=NOW)


async def using(storage: Storage, name: str, *rules: str) -> Any:
    """A workflow that applies these rules, the last of them deep inside."""
    steps: list[Any] = [
        {"id": f"s{index}", "type": "DATA_TRANSFORM", "config": {"rule": {"name": rule}}}
        for index, rule in enumerate(rules)
    ]
    inner: Any = {"id": "loop", "type": "FOR_EACH", "config": {"items": "input", "steps": steps[-1:]}}
    return await created_workflow(storage.workflows, name, document={"name": name, "steps": [*steps[:-1], inner]})


async def test_a_rule_comes_back_as_it_was_saved(storage: Storage) -> None:
    whole = a_rule(
        description="Ünits",
        input_schema={"type": "object", "properties": {"b": True, "a": {}}},
        output_schema=False,
        examples=(EXAMPLE, RuleExample(input=None, output=None)),
    )

    assert await storage.rules.save(whole) == whole
    bare = await storage.rules.save(a_rule("bare"))

    assert await storage.rules.find_many(["total", "bare", "missing"]) == {"total": whole, "bare": bare}
    assert await storage.rules.get_many([whole.id, new_id()]) == {whole.id: whole}
    assert await storage.rules.find_many([]) == {}


async def test_saving_a_rule_again_keeps_its_id_and_counts_its_revisions(storage: Storage) -> None:
    first = await storage.rules.save(a_rule(examples=(EXAMPLE,), input_schema={}))
    second = replace(a_rule(expression="input.sum", description="new"), created_at=SOON, updated_at=SOON)

    saved = await storage.rules.save(second)

    assert saved == replace(second, id=first.id, created_at=NOW, revision=2)
    assert (await storage.rules.page(first=5, after=None)).rows == (saved,)


async def test_rules_are_paged_by_name(storage: Storage) -> None:
    for name in ("b", "B", "ä", "a"):
        await storage.rules.save(a_rule(name))

    first = await storage.rules.page(first=3, after=None)
    rest = await storage.rules.page(first=3, after="b")

    assert ([each.settings.name for each in first.rows], first.has_next) == (["B", "a", "b"], True)
    assert ([each.settings.name for each in rest.rows], rest.has_next) == (["ä"], False)
    assert (await storage.rules.page(first=3, after="ä")).rows == ()
    assert await storage.rules.count() == 4


async def test_a_deleted_rule_is_gone(storage: Storage) -> None:
    rule = await storage.rules.save(a_rule())

    assert await storage.rules.delete("total")
    assert not await storage.rules.delete("total")

    assert await storage.rules.find_many(["total"]) == await storage.rules.get_many([rule.id]) == {}
    assert (await storage.rules.save(a_rule())).revision == 1


async def test_the_workflows_that_use_a_rule_are_found(storage: Storage) -> None:
    await using(storage, "second", "vat", "total")
    await using(storage, "first", "total")
    await using(storage, "other", "totals")
    gone = await using(storage, "gone", "total")
    await storage.workflows.delete(gone.id, NOW)
    moved_on = await using(storage, "moved on", "vat")
    step: Any = {"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "vat"}}
    version = next_version({"name": "moved on", "steps": [step]})
    await storage.workflows.update(moved_on.id, WorkflowChanges(version=version), now=NOW)

    assert await storage.rules.users_of("total", limit=5) == ["first", "second"]
    assert await storage.rules.users_of("total", limit=1) == ["first"]
    assert await storage.rules.users_of("vat", limit=5) == ["second"]
    assert await storage.rules.users_of('"; DROP', limit=5) == []
