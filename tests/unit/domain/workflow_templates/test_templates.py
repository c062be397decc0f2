"""Saving workflow templates, and making workflows of them."""

from dataclasses import dataclass
from typing import Any

import pytest

from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.json.text import JsonValue
from domain.workflow_templates.model import TemplateParameter, TemplateSettings
from domain.workflow_templates.service import WorkflowTemplateService
from domain.workflow_templates.shipped import shipped_templates
from domain.workflows.service import WorkflowService
from tests.builders import http, transform
from tests.unit.domain.conftest import Services

STEPS = [http(url="<<url>>/{{ input.id }}", retry={"maxAttempts": "<<attempts>>"})]
PARAMETERS = (
    TemplateParameter(name="url", schema={"type": "string"}),
    TemplateParameter(name="attempts", schema={"type": "integer"}, default=3),
)
GIVEN = {"url": "https://api.example.com"}


@dataclass(frozen=True)
class Desk:
    """The services that know templates."""

    services: Services
    templates: WorkflowTemplateService
    workflows: WorkflowService

    async def save(self, name: str = "import", **members: Any) -> Any:
        given: dict[str, Any] = {"document": {"steps": STEPS}, "parameters": PARAMETERS} | members
        return await self.templates.save(TemplateSettings(name=name, **given))

    async def problems(self, parameters: JsonValue, *, name: str = "copy") -> list[Problem]:
        with pytest.raises(InvalidInput) as refused:
            await self.templates.instantiate("import", name, parameters)
        return list(refused.value.problems)

    async def names(self, category: str | None = None) -> list[str]:
        page = await self.templates.page(category, first=100, after=None)
        return [each.settings.name for each in page.rows]


@pytest.fixture
def desk(services: Services) -> Desk:
    storage, clock = services.storage, services.clock
    workflows = WorkflowService(workflows=storage.workflows, clock=clock)
    templates = WorkflowTemplateService(
        templates=storage.templates, workflows=workflows, shipped=shipped_templates(), clock=clock
    )
    return Desk(services, templates, workflows)


async def test_a_saved_template_is_shown_beside_the_shipped_ones(desk: Desk) -> None:
    saved = await desk.save(category="data", description="Imports.")

    everything = ["approval", "checked-call", "fan-out", "import", "paged-sync", "polled-job", "saga"]
    assert await desk.names() == everything
    assert await desk.names("data") == ["import", "paged-sync"]
    assert [await desk.templates.count(category) for category in (None, "data", "nothing")] == [7, 2, 0]
    assert await desk.names("nothing") == await desk.names("a\0b") == []
    assert await desk.templates.find("import") == await desk.templates.get(saved.id) == saved
    assert [each.required for each in saved.settings.parameters] == [True, False]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_go_through_shipped_and_stored_ones_in_one_order(desk: Desk, size: int) -> None:
    for name in ("a", "import", "z", "saga"):
        await desk.save(name)
    found: list[str] = []
    after: str | None = None
    has_next = True

    while has_next:
        page = await desk.templates.page(None, first=size, after=after)
        found += [each.settings.name for each in page.rows]
        assert len(page.rows) <= size
        after, has_next = found[-1], page.has_next

    expected = ["a", "approval", "checked-call", "fan-out", "import", "paged-sync", "polled-job", "saga", "z"]
    assert found == expected == await desk.names()


async def test_a_shipped_template_is_hidden_also_by_one_of_another_category(desk: Desk) -> None:
    await desk.save("paged-sync", category="mine")

    assert await desk.names("data") == []
    assert await desk.names("mine") == ["paged-sync"]


async def test_a_template_with_problems_is_not_saved(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        await desk.save(name="", parameters=PARAMETERS[:1])
    assert [problem.path[0] for problem in refused.value.problems] == ["name", "document"]


async def test_a_shipped_template_cannot_be_deleted_but_replaced(desk: Desk) -> None:
    shipped = await desk.templates.find("saga")
    assert shipped is not None and shipped.is_shipped
    assert await desk.templates.get(shipped.id) == shipped
    with pytest.raises(Conflict, match="comes with Stepgraph"):
        await desk.templates.delete("saga")

    own = await desk.save("saga")
    assert await desk.templates.find("saga") == own
    listed = {each.id for each in (await desk.templates.page(None, first=100, after=None)).rows}
    assert own.id in listed and shipped.id not in listed
    assert await desk.templates.count(None) == 6

    assert await desk.templates.delete("saga") == own
    assert await desk.templates.find("saga") == shipped
    with pytest.raises(NotFound):
        await desk.templates.delete("import")


async def test_a_workflow_is_made_of_a_template(desk: Desk) -> None:
    await desk.save()

    workflow = await desk.templates.instantiate("import", "copy", GIVEN)

    assert (workflow.name, workflow.version) == ("copy", 1)
    assert workflow.document["steps"] == [http(url="https://api.example.com/{{ input.id }}", retry={"maxAttempts": 3})]
    assert workflow.labels == {"template": "import"}
    [version] = (await desk.workflows.versions_page(workflow.id, first=1, after=None)).rows
    assert version.note == "From the template 'import'."


async def test_the_label_leaves_those_of_the_document_alone(desk: Desk) -> None:
    await desk.save(document={"steps": STEPS, "labels": {"team": "data"}, "name": "<<ignored"})
    assert (await desk.templates.instantiate("import", "copy", GIVEN)).labels == {"team": "data", "template": "import"}

    await desk.save(document={"steps": STEPS, "labels": {"template": "mine"}})
    assert (await desk.templates.instantiate("import", "other", GIVEN)).labels == {"template": "mine"}


async def test_all_problems_of_the_parameters_are_told_at_once(desk: Desk) -> None:
    await desk.save()

    assert [problem.path for problem in await desk.problems({"attempts": "x", "urll": 1})] == [
        ("parameters", "urll"),
        ("parameters", "url"),
        ("parameters", "attempts"),
    ]
    assert [problem.path for problem in await desk.problems(["url"])] == [("parameters",)]


async def test_all_problems_of_the_document_are_told_at_once(desk: Desk) -> None:
    await desk.save()

    problems = await desk.problems({"url": "ftp://x", "attempts": 0}, name="")

    assert sorted(problem.path for problem in problems) == [
        ("document", "steps", "0", "config", "url"),
        ("document", "steps", "0", "retry", "maxAttempts"),
        ("workflowName",),
    ]


async def test_what_is_wrong_beside_the_parameters_is_told_with_them(desk: Desk) -> None:
    await desk.save()

    problems = await desk.problems({"url": "ftp://x", "attempts": "many", "urll": 1}, name=" ")

    assert sorted(problem.path for problem in problems) == [
        ("document", "steps", "0", "config", "url"),
        ("parameters", "attempts"),
        ("parameters", "urll"),
        ("workflowName",),
    ]


async def test_fifty_mistakes_are_fifty_problems(desk: Desk) -> None:
    """One of two kinds in each of fifty steps: a value that its schema refuses, and one that the document refuses."""
    parameters = [TemplateParameter(name=f"p{number}", schema={"type": "string"}) for number in range(50)]
    steps = [http(f"s{number}", url=f"<<p{number}>>") for number in range(50)]
    await desk.save(document={"steps": steps}, parameters=tuple(parameters))

    problems = await desk.problems({f"p{number}": number if number % 2 else "ftp://x" for number in range(50)})

    assert {problem.path for problem in problems} == {
        ("parameters", f"p{number}") if number % 2 else ("document", "steps", str(number), "config", "url")
        for number in range(50)
    }
    assert len(problems) == 50


async def test_the_name_may_be_taken_and_the_template_may_be_missing(desk: Desk) -> None:
    await desk.save(document={"steps": [transform("a", "<<url>>")]}, parameters=PARAMETERS[:1])
    await desk.templates.instantiate("import", "copy", {"url": "input"})

    with pytest.raises(Conflict):
        await desk.templates.instantiate("import", "copy", {"url": "input"})
    with pytest.raises(NotFound, match="workflow template 'export'"):
        await desk.templates.instantiate("export", "other", {})
