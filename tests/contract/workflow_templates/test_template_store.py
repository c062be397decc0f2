"""The contract of the store of workflow templates, over memory and PostgreSQL."""

from dataclasses import replace
from typing import Any

from domain.kernel.ids import new_id
from domain.workflow_templates.model import TemplateParameter, TemplateRecord, TemplateSettings
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON

DOCUMENT = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "<<value>>"}}]}
PARAMETERS = (
    TemplateParameter(name="value", schema={"type": "string"}, description="What", required=False, default="é"),
    TemplateParameter(name="more", schema=True),
)


def a_template(name: str = "import", **given: Any) -> TemplateRecord:
    settings = TemplateSettings(**({"name": name, "document": DOCUMENT} | given))
    return TemplateRecord(id=new_id(), settings=settings, created_at=NOW, updated_at=NOW)


async def test_a_template_comes_back_as_it_was_saved(storage: Storage) -> None:
    whole = a_template(parameters=PARAMETERS, description="Imports", category="data")

    assert await storage.templates.save(whole) == whole
    await storage.templates.save(a_template("bare"))

    assert await storage.templates.find("import") == whole
    assert await storage.templates.find("missing") is None
    assert await storage.templates.get_many([whole.id, new_id()]) == {whole.id: whole}


async def test_saving_a_template_again_keeps_its_id(storage: Storage) -> None:
    first = await storage.templates.save(a_template(parameters=PARAMETERS, category="data"))
    second = replace(a_template(description="new"), created_at=SOON, updated_at=SOON)

    saved = await storage.templates.save(second)

    assert saved == replace(second, id=first.id, created_at=NOW)
    assert (await storage.templates.page(None, first=5, after=None)).rows == (saved,)


async def test_templates_are_paged_by_name_also_those_of_one_category(storage: Storage) -> None:
    for name, category in (("b", "data"), ("B", None), ("ä", "data"), ("a", "Data")):
        await storage.templates.save(a_template(name, category=category))

    first = await storage.templates.page(None, first=3, after=None)
    rest = await storage.templates.page(None, first=3, after="b")
    data = await storage.templates.page("data", first=1, after=None)

    assert ([each.settings.name for each in first.rows], first.has_next) == (["B", "a", "b"], True)
    assert ([each.settings.name for each in rest.rows], rest.has_next) == (["ä"], False)
    assert ([each.settings.name for each in data.rows], data.has_next) == (["b"], True)
    assert [await storage.templates.count(category) for category in (None, "data", "none")] == [4, 2, 0]
    assert set(await storage.templates.stored_names(["b", "ä", "c"])) == {"b", "ä"}
    assert not await storage.templates.stored_names([])


async def test_a_deleted_template_is_gone(storage: Storage) -> None:
    await storage.templates.save(a_template())

    assert await storage.templates.delete("import")
    assert not await storage.templates.delete("import")
    assert await storage.templates.find("import") is None
