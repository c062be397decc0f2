"""Every command of the command line explains itself."""

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from stepgraph.cli import app


def commands(of: typer.Typer, *parents: str) -> Iterator[tuple[str, ...]]:
    """Every command that is shown, as it is typed."""
    for command in of.registered_commands:
        name = str(command.name or getattr(command.callback, "__name__", ""))
        if not command.hidden:
            yield (*parents, name.replace("_", "-"))
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, *parents, str(group.name))


def test_all_commands_are_there() -> None:
    assert {" ".join(command) for command in commands(app)} >= {
        "demo",
        "dev",
        "serve",
        "worker",
        "migrate",
        "apply",
        "run",
        "cancel",
        "schema",
        "executions list",
        "executions show",
        "executions cancel",
    }


@pytest.mark.parametrize("command", sorted(commands(app)), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*command, "--help"])

    assert answer.exit_code == 0
    assert "Example: " in answer.stdout


@pytest.mark.parametrize("command", ["migrate", "apply", "run", "cancel", "executions list", "executions show"])
def test_every_command_that_prints_data_can_print_json(command: str) -> None:
    answer = CliRunner().invoke(app, [*command.split(), "--help"])

    assert "--json" in answer.stdout
