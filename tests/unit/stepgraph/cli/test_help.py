"""Every command of the command line explains itself."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from stepgraph.cli.kit.lazy import loaded
from stepgraph.cli.main import Commands, app

ROOT = typer.main.get_group(app)


def commands(group: Any = ROOT, *parents: str) -> Iterator[tuple[str, ...]]:
    """Every command that is shown, as it is typed."""
    context = typer.Context(group, info_name="stepgraph")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from commands(command, *parents, name)
        else:
            yield (*parents, name)


def test_all_commands_are_there() -> None:
    assert {" ".join(command) for command in commands()} >= {
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
        "executions retry-all",
        "validate",
        "evaluate",
        "workflows list",
        "workflows show",
        "workflows versions",
        "workflows validate",
        "workflows pause",
        "workflows activate",
        "workflows archive",
        "workflows delete",
    }


@pytest.mark.parametrize("command", sorted(commands()), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*command, "--help"])

    assert answer.exit_code == 0
    assert "Example: " in answer.stdout


@pytest.mark.parametrize("command", ["migrate", "apply", "run", "cancel", "executions list", "executions show"])
def test_every_command_that_prints_data_can_print_json(command: str) -> None:
    answer = CliRunner().invoke(app, [*command.split(), "--help"])

    assert "--json" in answer.stdout


@pytest.mark.parametrize("name", Commands.sources)
def test_the_line_in_the_list_of_commands_is_the_one_that_its_own_help_begins_with(name: str) -> None:
    source, line = Commands.sources[name]
    help = loaded(name, source).help or ""

    if name not in Commands.unlisted:
        assert line == help.splitlines()[0]


def test_listing_the_commands_imports_none_of_them() -> None:
    heavy = ("asyncpg", "redis", "pydantic", "websockets", "strawberry", "dramatiq", "stepgraph.cli.executions.running")
    program = (
        "import sys; sys.argv = ['stepgraph', '--help']\n"
        "from stepgraph.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([each for each in {heavy} if each in sys.modules], file=sys.stderr)"
    )
    listed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert listed.stderr.strip() == "[]"
    assert "executions" in listed.stdout
