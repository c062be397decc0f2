"""`stepgraph doctor`, and what `serve` and `worker` say before they begin."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import environment, free_port, stepgraph
from tests.integration.processes.test_servers_of_the_wrong_kind import answers, valkey

SERVING = (("serve", "--port", "1"), ("worker",))


async def test_the_doctor_finds_nothing_that_keeps_work_from_going_on(deployment: Deployment) -> None:
    told = await stepgraph("doctor", "--json", extra=deployment.settings)
    assert told.code == 0, told.stdout
    assert {each["subject"] for each in json.loads(told.stdout)} == {"postgresql", "migrations", "redis"}
    shown = await stepgraph("doctor", "--deep", extra=deployment.settings)
    assert "migrations" in shown.stdout
    assert "rows" in shown.stdout
    assert "FINE" in shown.stdout


async def test_servers_on_which_nothing_can_ever_work_end_every_process_with_a_sentence(
    deployment: Deployment, tmp_path: Path
) -> None:
    with valkey(tmp_path, config=["cluster-enabled yes", f"cluster-port {free_port()}"]) as port:
        await answers(port)
        settings = {**deployment.settings, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        told = await stepgraph("doctor", extra=settings)
        ended = await asyncio.gather(*(stepgraph(*command, extra=settings) for command in SERVING))
    assert told.code == 1
    assert "Redis Cluster" in told.stdout
    assert [each.code for each in ended] == [2, 2]
    for each in ended:
        assert "use a single primary" in " ".join(each.stderr.split())
        assert "Traceback" not in each.stderr


async def test_a_clock_that_is_wrong_is_warned_of(deployment: Deployment) -> None:
    faketime = shutil.which("faketime")
    if faketime is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("There is no faketime: apt-get install faketime")
    process = await asyncio.create_subprocess_exec(
        str(faketime),
        "-f",
        "+90s",
        sys.executable,
        "-m",
        "stepgraph",
        "doctor",
        "--json",
        stdout=asyncio.subprocess.PIPE,
        env=environment(deployment.settings),
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    (clocks,) = [each for each in json.loads(out) if each["subject"] == "clocks"]
    assert clocks["severity"] == "WARNING"
    assert re.search(r"(89|90)\.\d s ahead of PostgreSQL's", clocks["detail"])
