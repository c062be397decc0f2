"""Steps of a kind whose distribution was removed are shown as far as they can be."""

from tests.integration.graphql_api.api import Api, a_step

STEPS = "query($id: ID!) { execution(id: $id) { steps { nodes { path output } } } }"
TYPES = "query($id: ID!) { execution(id: $id) { steps { nodes { path type } } } }"


async def test_only_their_type_cannot_be_shown_and_the_error_says_what_to_install(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.commit(a_step("a", type="GONE", output=1), a_step("b", output=2))

    shown = (await api.run(STEPS, id=hand.id))["execution"]["steps"]["nodes"]
    [error] = await api.errors(TYPES, id=hand.id)

    assert shown == [{"path": "a", "output": 1}, {"path": "b", "output": 2}]
    assert error["path"] == ["execution", "steps", "nodes", 0, "type"]
    assert error["message"].startswith("The step kind GONE is not installed here: install the distribution")
    assert error["extensions"] == {"code": "UNAVAILABLE"}
