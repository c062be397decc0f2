"""Commands that are interrupted: what they say and how they end, while the execution goes on."""

import asyncio
import json
import signal
import sys

import pytest

from tests.acceptance.processes import environment
from tests.acceptance.test_command_line import ASKING, CommandLine, cli
from tests.waiting import wait_until

__all__ = ["cli"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_command_that_is_interrupted_says_that_the_execution_goes_on_and_how_to_follow_it_again(
    cli: CommandLine, number: signal.Signals, code: int
) -> None:
    name = f"asking-{code}"
    await cli("apply", cli.file("asking.yaml", ASKING.replace("asking", name)))
    following = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "stepgraph", "run", name, "--follow"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment({"STEPGRAPH_URL": cli.url}),
    )

    async def waiting() -> list[str]:
        listed = await cli("executions", "list", "--workflow", name, "--status", "WAITING", "--json")
        return [node["id"] for node in json.loads(listed.stdout)["nodes"]]

    await wait_until(waiting, "the execution waits for its answer", timeout=30)
    [id] = await waiting()
    following.send_signal(number)
    _, said = await following.communicate()

    assert following.returncode == code
    assert said.decode() == f"{id} goes on. Follow it again: stepgraph executions show {id} --follow\n"
    assert await waiting() == [id]
    assert (await cli("signal", id, "answer", "--payload", "42")).code == 0
    followed = await cli("executions", "show", id, "--follow", "--json")
    assert (followed.code, json.loads(followed.stdout)["output"]) == (0, 42)
