"""Commands against an API on memory: what they print, for people and for programs."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from stepgraph.cli.main import app
from tests.integration.graphql_api.api import LiveServer


def told(server: LiveServer, *words: object, input: str = "") -> Result:
    """Run a command to its end; returns its result."""
    arguments = [*map(str, words), "--url", server.url]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "250"}, input=input)


def lines(server: LiveServer, *words: object, input: str = "") -> list[str]:
    """The lines that a command prints, with the room between columns reduced to one blank."""
    answer = told(server, *words, input=input)
    assert answer.exit_code == 0, answer.stderr
    return [" ".join(line.split()) for line in answer.stdout.splitlines()]


def data(server: LiveServer, *words: object) -> Any:
    """The value that a command prints with --json."""
    answer = told(server, *words, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def refused(server: LiveServer, *words: object, code: int = 1) -> str:
    """The standard error of a command that ends with this exit code."""
    answer = told(server, *words)
    assert answer.exit_code == code, answer.output
    return answer.stderr
