"""`stepgraph secrets readers` against an API on memory."""

import json
from pathlib import Path

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused

STEP = {"id": "pay", "type": "HTTP_REQUEST", "config": {"url": "https://a.test/{{ secrets.token }}"}}


def test_what_reads_a_secret_is_listed_with_its_steps(tmp_path: Path) -> None:
    with in_a_thread() as server:
        document = tmp_path / "order.json"
        document.write_text(json.dumps({"name": "order", "steps": [STEP, {**STEP, "id": "tell"}]}))
        lines(server, "apply", document)
        lines(server, "secrets", "set", "token", "--file", "-", input="a-value-0123456789")

        shown = lines(server, "secrets", "readers", "token")
        assert shown == ["workflow version status steps", "order 1 ACTIVE pay, tell"]
        assert [each["paths"] for each in data(server, "secrets", "readers", "token")] == [["pay", "tell"]]
        assert refused(server, "secrets", "readers", "nothing") == "There is no secret nothing.\n"
