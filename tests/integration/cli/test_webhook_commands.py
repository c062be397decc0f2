"""`stepgraph webhooks …` against an API on memory."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.kernel.ids import IdKind, from_public, new_id, to_public
from domain.kernel.statuses import WebhookEventStatus
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord
from domain.webhooks.standard_webhooks import secret_text
from stepgraph.cli.main import app
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.graphql_api.api import NOON, LiveServer

STEPS = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"expression": "1"}}]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """An API that knows the workflow `deploy`."""
    with in_a_thread() as server:
        document = tmp_path / "deploy.json"
        document.write_text(json.dumps({"name": "deploy", **STEPS}))
        applied = CliRunner().invoke(app, ["apply", str(document), "--url", server.url])
        assert applied.exit_code == 0, applied.stderr
        yield server


def webhooks(server: LiveServer, *arguments: str, **given: Any) -> Result:
    return CliRunner().invoke(app, ["webhooks", *arguments, "--url", server.url], env={"COLUMNS": "250"}, **given)


def data(server: LiveServer, *arguments: str, **given: Any) -> Any:
    answer = webhooks(server, *arguments, "--json", **given)
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def failed_event(server: LiveServer, webhook_id: str) -> str:
    """An event that its receiver did not take."""
    id = new_id()
    server.api.storage.tables.webhook_events[id] = WebhookEventRecord(
        id=id,
        webhook_id=from_public(webhook_id, IdKind.WEBHOOK),
        event_type="execution.failed",
        status=WebhookEventStatus.FAILED,
        payload={},
        created_at=NOON,
        attempts=(WebhookAttempt(at=NOON, duration=timedelta(seconds=1), status_code=500, error="It said [500]."),),
        last_status_code=500,
        last_error="It said [500].",
    )
    return to_public(IdKind.WEBHOOK_EVENT, id)


def test_an_inbound_webhook_from_its_registration_to_its_removal(server: LiveServer) -> None:
    created = data(server, "create", "pushes", "--workflow", "deploy", "--signature", "github", "--input", "body.head")
    address = created["webhook"]["url"]

    shown = data(server, "show", "pushes")
    assert (shown["url"], shown["signature"], shown["input"]) == (address, "GITHUB", "body.head")
    assert [each["name"] for each in data(server, "list", "--direction", "INBOUND")] == ["pushes"]
    assert data(server, "list", "--direction", "OUTBOUND") == []
    assert data(server, "rotate", shown["id"])["secret"] != created["secret"]
    assert data(server, "disable", "pushes")["enabled"] is False
    assert data(server, "enable", "pushes")["enabled"] is True
    assert data(server, "events", "pushes") == []
    assert data(server, "delete", "pushes")["__typename"] == "Deleted"
    assert webhooks(server, "show", "pushes").exit_code == 1


def test_what_is_not_named_stays_as_it_is_and_an_empty_text_takes_away(server: LiveServer) -> None:
    created = data(server, "create", "audit", "--to", "https://one.example/", "--workflow", "deploy")["webhook"]

    changed = data(server, "update", "audit", "--rename", "log", "--to", "https://two.example/")
    assert (changed["id"], changed["name"], changed["workflow"]["name"]) == (created["id"], "log", "deploy")
    assert data(server, "show", "log")["url"] == "https://two.example/"
    changed = data(server, "update", "log", "--event", "execution.failed", "--workflow", "")
    assert (changed["eventTypes"], changed["workflow"]) == (["execution.failed"], None)
    assert data(server, "update", "log", "--event", "")["eventTypes"] == []
    refused = webhooks(server, "update", "log", "--to", "ftp://x", "--event", "nothing.happened")
    assert refused.exit_code == 1
    assert "url" in refused.stderr
    assert "eventTypes" in refused.stderr


def test_without_a_word_about_it_senders_have_to_sign(server: LiveServer) -> None:
    assert data(server, "create", "careful", "--workflow", "deploy")["webhook"]["signature"] == "STANDARD_WEBHOOKS"
    open_to_all = data(server, "create", "open", "--workflow", "deploy", "--signature", "NONE")
    assert (open_to_all["webhook"]["signature"], open_to_all["secret"]) == ("NONE", "")


def test_a_secret_comes_from_a_file_or_from_standard_input(server: LiveServer, tmp_path: Path) -> None:
    secret, newer = secret_text(b"s" * 32), secret_text(b"n" * 32)
    file = tmp_path / "secret"
    file.write_text(f"{secret}\n")

    created = data(server, "create", "audit", "--to", "https://example.com/hook", "--secret-file", str(file))
    assert created["secret"] == secret
    assert data(server, "rotate", "audit", "--secret-file", "-", input=f"{newer}\n")["secret"] == newer
    assert webhooks(server, "rotate", "audit", "--secret-file", str(tmp_path / "missing")).exit_code == 2


def test_what_people_read(server: LiveServer) -> None:
    made = webhooks(server, "create", "audit", "--to", "https://example.com/hook", "--event", "execution.failed")
    assert made.stdout.startswith("address: https://example.com/hook\nsecret:  whsec_")
    webhooks(server, "create", "pushes", "--workflow", "deploy")
    id = data(server, "show", "audit")["id"]
    event_id = failed_event(server, id)

    head, *lines = webhooks(server, "list").stdout.splitlines()
    assert head.split() == ["name", "id", "direction", "about"]
    assert [(line.split()[0], *line.split()[2:]) for line in lines] == [
        ("pushes", "INBOUND", "starts", "deploy"),
        ("audit", "OUTBOUND", "execution.failed"),
    ]
    _, line = webhooks(server, "events", "audit").stdout.splitlines()
    assert line.split()[:1] == [event_id]
    assert line.rstrip().endswith("It said [500].")
    assert event_id in webhooks(server, "events", "audit", "--status", "failed").stdout
    assert event_id not in webhooks(server, "events", "audit", "--status", "pending").stdout
    assert webhooks(server, "replay", event_id).stdout == f"{event_id}: PENDING\n"
    assert webhooks(server, "disable", "audit").stdout == "audit: disabled\n"
    assert "disabled" in webhooks(server, "show", "audit").stdout
    assert webhooks(server, "delete", "audit").stdout == f"deleted {id}\n"


def test_all_that_is_wrong_is_told_at_once(server: LiveServer) -> None:
    answer = webhooks(server, "create", "x", "--to", "ftp://example.com", "--event", "execution.faild")
    assert answer.exit_code == 1
    assert "is not an http or https address" in answer.stderr
    assert "Did you mean 'execution.failed'?" in answer.stderr


@pytest.mark.parametrize("command", ["show", "events", "rotate", "enable", "disable", "delete"])
def test_a_webhook_that_nobody_knows_is_an_error(server: LiveServer, command: str) -> None:
    answer = webhooks(server, command, "nobody")
    assert answer.exit_code == 1
    assert "nobody" in answer.stderr
