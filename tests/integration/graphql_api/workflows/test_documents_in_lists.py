"""Workflows with large documents: documents are read where they are selected, in one statement, and within a size."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.kernel.ids import IdKind, to_public, workflow_version_id
from domain.workflows.records import WorkflowChanges, WorkflowRecord
from tests.contract.rows import NOW, created_workflow, next_version
from tests.costs import least_seconds_awaited
from tests.integration.graphql_api.api import Api
from tests.integration.graphql_api.real import Real

SIZE = 500_000


async def stored(real: Real, count: int) -> list[WorkflowRecord]:
    """Workflows with documents of about half a megabyte each."""
    steps = [{"id": f"s{n}", "type": "WAIT", "config": {"duration": "PT1S"}} for n in range(SIZE // 65)]
    return [
        await created_workflow(
            real.api.storage.workflows,
            f"w{n}",
            document={"name": f"w{n}", "description": f"number {n}", "timeout": "PT1M", "steps": steps},
        )
        for n in range(count)
    ]


@contextmanager
def counting(real: Real, caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The statements of a while, those of the ORM too, which has connections of its own: complete when it is over."""
    found: list[str] = []
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"), real.database.counting() as others:
        yield found
        found += others
        found += [each.getMessage() for each in caplog.records if "SELECT" in each.getMessage()]


async def refused(api: Api, query: str) -> str:
    """The message of a query that is over a budget."""
    result = await api.schema.execute(query, context_value=api.context())
    assert result.data is None
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "LIMIT_EXCEEDED"
    return error.message


def aliased(field: str, times: int) -> str:
    return f"{{ {' '.join(f'a{n}: {field}' for n in range(times))} }}"


async def test_lists_of_large_workflows_read_no_document_that_is_not_selected(
    real: Real, caplog: pytest.LogCaptureFixture
) -> None:
    await stored(real, 100)
    query = aliased("workflows(first: 100) { nodes { id name status version labels createdAt } }", 20)
    await real.api.run(query)

    with counting(real, caplog) as statements:
        data = await real.api.run(query)

    assert [node["name"] for node in data["a0"]["nodes"]] == [f"w{n}" for n in reversed(range(100))]
    assert len(statements) == 20
    assert not [statement for statement in statements if "document" in statement]
    # 2,000 workflows; to read their documents, a gigabyte, takes several times as long.
    assert await least_seconds_awaited(lambda: real.api.run(query), enough=3) < 3


async def test_documents_of_a_list_are_read_in_one_statement_whatever_is_selected_of_them(
    real: Real, caplog: pytest.LogCaptureFixture
) -> None:
    records = await stored(real, 10)
    query = "workflows(first: 10) { nodes { document description timeout inputSchema output maxConcurrentExecutions } }"

    with counting(real, caplog) as statements:
        data = await real.api.run(f"{{ a: {query} b: workflows(first: 3) {{ nodes {{ description }} }} }}")

    assert len(statements) == 3, statements
    newest = data["a"]["nodes"][0]
    assert newest["document"] == records[-1].document
    assert (newest["description"], newest["timeout"], newest["output"]) == ("number 9", "PT1M", None)
    assert [node["description"] for node in data["b"]["nodes"]] == ["number 9", "number 8", "number 7"]


@pytest.mark.parametrize("selected", ["document", "description", "inputSchema", "graph { nodes { path } }"])
async def test_more_documents_than_an_answer_may_have_are_not_read(real: Real, selected: str) -> None:
    await stored(real, 40)

    async def read() -> None:
        message = await refused(real.api, f"{{ workflows(first: 40) {{ nodes {{ name {selected} }} }} }}")
        assert "16,000,000 bytes" in message
        assert "smaller pages" in message

    assert await least_seconds_awaited(read, enough=1) < 1


async def test_the_same_documents_under_many_names_are_one_error(real: Real) -> None:
    await stored(real, 40)
    pages = "workflows(first: 40) { nodes { document versions(first: 100) { nodes { document } } } }"
    assert "16,000,000 bytes" in await refused(real.api, aliased(pages, 2))
    assert "list items" in await refused(real.api, aliased(pages, 20))


async def test_documents_that_are_read_one_after_the_other_count_together(real: Real) -> None:
    records = await stored(real, 40)
    by_name = [f'a{n}: workflow(name: "{record.name}") {{ description }}' for n, record in enumerate(records)]
    assert "bytes together" in await refused(real.api, f"{{ {' '.join(by_name)} }}")
    again = "{ workflows(first: 20) { nodes { description versions { nodes { document } } } } }"
    data = await real.api.run(again)
    assert len(data["workflows"]["nodes"]) == 20  # the same 20 documents again cost nothing


@pytest.mark.parametrize("alike", ["workflow", "node", "version", "execution", "versions"])
async def test_a_large_workflow_that_is_named_anywhere_is_not_read(
    real: Real, caplog: pytest.LogCaptureFixture, alike: str
) -> None:
    [record] = await stored(real, 1)
    await real.api.start("w0")
    id = to_public(IdKind.WORKFLOW, record.id)
    fields: dict[str, Any] = {
        "workflow": 'workflow(name: "w0") { id name }',
        "node": f'node(id: "{id}") {{ ... on Workflow {{ name }} }}',
        "version": f'node(id: "{workflow_version_id(record.id, 1)}") {{ ... on WorkflowVersion {{ note }} }}',
        "execution": "executions { nodes { workflow { name } } }",
        "versions": 'workflow(name: "w0") { versions { nodes { id version note createdAt } } }',
    }

    with counting(real, caplog) as statements:
        data = await real.api.run(aliased(fields[alike], 5))

    assert len(data) == 5
    assert not [statement for statement in statements if "document" in statement], statements


async def test_versions_have_their_own_documents_in_one_statement(real: Real, caplog: pytest.LogCaptureFixture) -> None:
    [record] = await stored(real, 1)
    for n in (2, 3):
        version = next_version({"name": "w0", "n": n})
        await real.api.storage.workflows.update(record.id, WorkflowChanges(version=version), now=NOW)

    with counting(real, caplog) as statements:
        data = await real.api.run('{ workflow(name: "w0") { versions { nodes { version document } } } }')

    shown = {node["version"]: node["document"] for node in data["workflow"]["versions"]["nodes"]}
    assert shown == {3: {"name": "w0", "n": 3}, 2: {"name": "w0", "n": 2}, 1: record.document}
    assert len(statements) == 3, statements
