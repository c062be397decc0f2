"""Everything that has an id is fetched by it with `node`, for whoever may read the list that it is in."""

from dataclasses import replace

import pytest

from domain.access.model import Principal
from domain.kernel.ids import new_id
from domain.kernel.statuses import Role
from tests.integration.graphql_api.api import Api

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
MAKE_KEY = """mutation { createApiKey(name: "reports", role: VIEWER) { ... on ApiKeyCreated { apiKey { id } } } }"""
SET = """mutation { setSecret(name: "token", value: "a-value-0123456789") { ... on Secret { id } } }"""
GUARDED = {"ApiKey": Role.ADMIN, "AuditEntry": Role.ADMIN, "Secret": Role.EDITOR}


async def ids_of(api: Api) -> dict[str, str]:
    """An id for each type that only a list showed before `node` could read it, by type."""
    await api.create_workflow("orders")
    await api.storage.registry.register(new_id(), host="here", now=api.clock.now())
    secret = (await api.run(SET))["setSecret"]["id"]
    key = (await api.run(MAKE_KEY))["createApiKey"]["apiKey"]["id"]
    shown = await api.run(
        """{ workflow(name: "orders") { id versions { nodes { id } } } health { workers { id } }
             auditEntries { nodes { id } } }"""
    )
    return {
        "Workflow": shown["workflow"]["id"],
        "WorkflowVersion": shown["workflow"]["versions"]["nodes"][0]["id"],
        "Worker": shown["health"]["workers"][0]["id"],
        "AuditEntry": shown["auditEntries"]["nodes"][0]["id"],
        "ApiKey": key,
        "Secret": secret,
    }


async def test_each_kind_is_fetched_by_the_id_that_its_list_shows(api: Api) -> None:
    for name, id in (await ids_of(api)).items():
        assert await api.run(NODE, id=id) == {"node": {"__typename": name, "id": id}}


@pytest.mark.parametrize("role", Role)
async def test_who_may_not_read_a_list_may_not_fetch_from_it(api: Api, role: Role) -> None:
    ids = await ids_of(api)
    context = replace(api.context(), principal=Principal(name="somebody", role=role))

    for name, id in ids.items():
        result = await api.schema.execute(NODE, variable_values={"id": id}, context_value=context)

        if role.covers(GUARDED.get(name, Role.VIEWER)):
            assert result.data == {"node": {"__typename": name, "id": id}}
        else:
            assert result.data == {"node": None}
            assert result.errors
            assert (result.errors[0].extensions or {})["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "id",
    ["wv_01h455vb4pex5vsknk084sn02q.1", "sk_nothing", "sk_no name", "ak_01h455vb4pex5vsknk084sn02q",
     "ae_01h455vb4pex5vsknk084sn02q", "wk_01h455vb4pex5vsknk084sn02q"],
)  # fmt: skip
async def test_an_id_that_nothing_has_is_null(api: Api, id: str) -> None:
    assert await api.run(NODE, id=id) == {"node": None}


@pytest.mark.parametrize(
    "id", ["wv_01h455vb4pex5vsknk084sn02q", "wv_01h455vb4pex5vsknk084sn02q.0", "wv_x.1", "sk_", "ak_x", "ae_", "wk_x"]
)
async def test_what_is_no_id_is_a_problem_of_the_argument(api: Api, id: str) -> None:
    [error] = await api.errors(NODE, id=id)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["problems"][0]["path"] == ["id"]


async def test_a_thing_with_a_name_is_looked_up_by_one_input(api: Api) -> None:
    workflow = await api.create_workflow("orders")
    query = "query ($by: IdOrName!) { workflow(by: $by) { id } }"

    assert (await api.run(query, by={"name": "orders"}))["workflow"] == {"id": workflow["id"]}
    assert (await api.run(query, by={"id": workflow["id"]}))["workflow"] == {"id": workflow["id"]}
    assert (await api.run(query, by={"name": "nothing"}))["workflow"] is None
    for by in ({}, {"id": workflow["id"], "name": "orders"}, {"id": None}, {"name": None}):
        [error] = await api.errors(query, by=by)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("field", ["workflow", "schedule"])
async def test_a_malformed_id_is_a_problem_where_it_stands(api: Api, field: str) -> None:
    for id in ("", "nothing", "ex_01h455vb4pex5vsknk084sn02q"):
        [error] = await api.errors(f"query ($id: ID!) {{ {field}(by: {{id: $id}}) {{ id }} }}", id=id)
        assert error["extensions"]["problems"][0]["path"] == ["by", "id"]


@pytest.mark.parametrize(
    "arguments",
    ['by: {name: "a"}, name: "a"', 'by: {name: "a"}, id: "wf_x"', 'id: "wf_x", name: "a"', "by: null", "name: null"],
)  # fmt: skip
async def test_a_workflow_is_named_once(api: Api, arguments: str) -> None:
    [error] = await api.errors(f"{{ workflow({arguments}) {{ id }} }}")

    assert error["extensions"]["problems"][0]["path"] == ["by"]
    assert "Exactly one" in error["message"]
