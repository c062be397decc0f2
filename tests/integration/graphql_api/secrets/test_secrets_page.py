"""The page about secrets does what it says: its operations are run, and its workflow is executed."""

import re
from collections.abc import AsyncIterator

import pytest
import yaml

from actors.secrets.values import KEPT_FOR
from domain.secrets.mask import MIN_OUTPUT_CHARACTERS
from domain.secrets.model import MAX_VALUE_BYTES
from domain.workflows.fields.members import members_of
from domain.workflows.fields.types import DocumentModel
from domain.workflows.steps.http_request import BasicAuth, HeaderAuth, HttpAuth, HttpRequestConfig, OAuth2Auth
from domain.workflows.steps.webhook_call import WebhookCallConfig
from tests.integration.graphql_api.api import Api, nodes
from tests.integration.graphql_api.real import Real
from tests.integration.graphql_api.secret_world import World, secret_world
from tests.repository import ROOT
from tests.scripted_service import Asked, reply

PAGE = (ROOT / "docs" / "secrets.md").read_text()
OPERATIONS = {text.split()[1].partition("(")[0]: text for text in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)}
[WORKFLOW] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

TABLE = re.findall(r"^\| (HTTP_REQUEST|WEBHOOK_CALL) \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.fixture
async def world(real: Real) -> AsyncIterator[World]:
    async with secret_world(real) as world:
        yield world


async def test_a_secret_from_its_first_value_to_its_removal(api: Api) -> None:
    document = yaml.safe_load(WORKFLOW)
    set_secret, listed, delete = (OPERATIONS[name] for name in ("SetSecret", "Secrets", "DeleteSecret"))
    for name in ("shop_id", "shop_token"):
        assert (await api.run(set_secret, name=name, value=f"the value of {name}"))["setSecret"]["name"] == name
    await api.create_workflow(document["name"], steps=document["steps"])

    assert nodes((await api.run(listed))["secrets"], "name") == ["shop_id", "shop_token"]
    [reader] = (await api.run(OPERATIONS["Readers"], name="shop_token"))["secret"]["readers"]["nodes"]
    assert reader == {"workflow": {"name": document["name"], "status": "ACTIVE"}, "version": 1, "paths": ["charge"]}
    refused = (await api.run(delete, name="shop_token"))["deleteSecret"]
    assert "'charge-with-a-secret'" in refused["message"]
    await api.create_workflow(document["name"])
    assert (await api.run(delete, name="shop_token"))["deleteSecret"] == {"id": "sk_shop_token"}


async def test_the_workflow_of_the_page_is_executed(world: World) -> None:
    api = world.real.api
    for name in ("shop_id", "shop_token"):
        await api.run(OPERATIONS["SetSecret"], name=name, value=f"the-value-of-{name}")
    world.service.script = lambda asked: reply(asked.json)
    [step] = yaml.safe_load(WORKFLOW.replace("http://127.0.0.1:8765", world.service.url))["steps"]
    step["config"]["body"] = {"amount": "12"}

    execution = await world.run(step)

    assert execution["status"] == "COMPLETED"
    [asked] = world.service.asked
    assert isinstance(asked, Asked)
    assert asked.headers["x-shop"] == "shop the-value-of-shop_id"
    assert asked.headers["authorization"] == "Bearer the-value-of-shop_token"
    [shown] = execution["steps"]["nodes"]
    assert shown["input"]["headers"] == {"x-shop": "shop ***"}


def sent_members(model: type[DocumentModel]) -> set[str]:
    """The members whose texts may read secrets."""
    return {name for name, member in members_of(model).items() if member.template and member.template.is_sent}


def test_the_places_on_the_page_are_those_where_secrets_may_be_read() -> None:
    rows = {kind: set(re.findall(r"`(\w+)`", places)) - {"auth"} for kind, places in TABLE}
    models = (HttpRequestConfig, HttpAuth, BasicAuth, HeaderAuth, OAuth2Auth)

    assert rows["HTTP_REQUEST"] == {name for model in models for name in sent_members(model)}
    assert rows["WEBHOOK_CALL"] == sent_members(WebhookCallConfig)


def test_the_numbers_on_the_page_are_those_in_the_code() -> None:
    assert f"at most {MAX_VALUE_BYTES // 1024} KiB" in PAGE
    assert f"at least {MIN_OUTPUT_CHARACTERS} characters" in PAGE
    assert KEPT_FOR == 2.0
    assert "two seconds" in PAGE
