"""Lists: pages that stay right while rows come and go, cursors that fit one list only, limits that say so."""

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from graphql_api.context import ApiOptions
from graphql_api.kit.pagination import BY_POSITION
from tests.integration.graphql_api.api import Api, a_step, nodes

PAGE = """
query($first: Int, $after: String) {
  executions(first: $first, after: $after) {
    edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def test_pages_follow_each_other_to_the_end(api: Api) -> None:
    ids = await api.seed(7)
    found: list[str] = []
    after: str | None = None

    for expected_more in (True, True, False):
        page = (await api.run(PAGE, first=3, after=after))["executions"]
        found += nodes(page, "id")
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["hasNextPage"] is expected_more
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        after = page["pageInfo"]["endCursor"]

    assert found == ids[::-1]


async def test_rows_that_come_in_between_move_no_page(api: Api) -> None:
    ids = await api.seed(4)
    first = (await api.run(PAGE, first=2))["executions"]

    await api.seed(3)

    second = (await api.run(PAGE, first=2, after=first["pageInfo"]["endCursor"]))["executions"]
    assert nodes(first, "id") + nodes(second, "id") == ids[::-1]


async def test_an_empty_list_has_no_cursors(api: Api) -> None:
    page = (await api.run(PAGE))["executions"]

    assert page["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


async def test_the_default_page_has_twenty(api: Api) -> None:
    await api.seed(30)

    assert len((await api.run(PAGE))["executions"]["nodes"]) == 20
    assert len((await api.run(PAGE, first=None))["executions"]["nodes"]) == 20


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
async def test_a_page_outside_of_the_limits_is_a_clear_error(api: Api, first: int) -> None:
    [error] = await api.errors(PAGE, first=first)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["problems"][0]["path"] == ["first"]
    assert "between 1 and 100" in error["message"]


def cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "after",
    [
        "",
        "nonsense",
        "é",
        "====",
        "A" * 10_000,
        cursor("execution:"),
        cursor("execution:not a uuid"),
        cursor("workflow:01890a5dac96774bbcceb302099a8057"),
        cursor("01890a5dac96774bbcceb302099a8057"),
    ],
)
async def test_a_cursor_of_nowhere_is_a_clear_error(api: Api, after: str) -> None:
    [error] = await api.errors(PAGE, after=after)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["problems"][0]["path"] == ["after"]
    assert error["path"] == ["executions"]


@pytest.mark.parametrize("after", ["step:1;2", "step:", "version:0", "version:x", f"version:{2**40}", "version:"])
async def test_the_cursors_of_steps_and_versions_are_checked_too(api: Api, after: str) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    field = "steps" if after.startswith("step") else "workflow { versions"
    end = "" if after.startswith("step") else "}"

    [error] = await api.errors(
        f"query($id: ID!, $a: String) {{ execution(id: $id) {{ {field}(after: $a) {{ totalCount }} {end} }} }}",
        id=hand.id,
        a=cursor(after),
    )

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_steps_are_paged_in_the_order_of_the_document(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.commit(*(a_step(path) for path in "edcba"))
    query = """query($id: ID!, $after: String) { execution(id: $id) { steps(first: 2, after: $after)
      { totalCount nodes { path } pageInfo { hasNextPage endCursor } } } }"""
    found: list[str] = []
    after: str | None = None

    more = True
    while more:
        page = (await api.run(query, id=hand.id, after=after))["execution"]["steps"]
        assert page["totalCount"] == 5
        found += nodes(page, "path")
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]

    assert found == list("abcde")


async def test_nothing_is_counted_unless_it_is_selected(api: Api) -> None:
    counted = asyncio.Event()

    async def count(*_: Any) -> int:
        counted.set()
        return 0

    api.storage.queries.count = count  # type: ignore[method-assign, assignment]

    await api.run("{ executions { nodes { id } } }")

    assert not counted.is_set()


async def test_an_operation_that_asks_for_too_many_rows_is_answered_by_that_alone() -> None:
    api = Api(options=ApiOptions(max_rows=1_000))
    await api.seed(50)

    [error] = await api.errors("{ executions(first: 50) { nodes { steps(first: 100) { totalCount } } } }")

    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "smaller pages" in error["message"]


@pytest.mark.parametrize("position", ["0001", "0001.00000017.0002", "0001.~.0000", "~.0001"])
def test_a_cursor_leads_to_every_position_that_a_step_can_have(position: str) -> None:
    assert BY_POSITION.read(BY_POSITION.write(position)) == position
