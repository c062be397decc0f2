"""The harness itself: the same seed makes the same requests, costs are those of another process, tables are legible."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from graphql import build_schema, parse, validate

import graphql_api
from domain.workflows.documents.reading import check_document
from tests.abuse.attack import SMALL, Attack, Kind
from tests.abuse.confirming import confirmed
from tests.abuse.executions import EXECUTIONS, Make
from tests.abuse.kinds import KINDS, bodies, expressions, inputs, schemas, workflows
from tests.abuse.measuring import Reading, processor_seconds
from tests.abuse.report import Report
from tests.costs import slowness, slowness_now

_SCHEMA = build_schema((Path(graphql_api.__file__).parent / "schema.graphql").read_text())


@dataclass(frozen=True)
class Written:
    """A target that is not there."""

    workflow_id: str = "wf_1"
    execution_id: str = "ex_1"
    hooks: Mapping[str, str] = field(
        default_factory=lambda: {"NONE": "/hooks/1", "MAPPED": "/hooks/2", "SCHEMA": "/hooks/3"}
    )
    schemas: Mapping[str, str] = field(default_factory=lambda: {"recursive": "wf_2"})

    def token(self, role: str) -> str:
        return f"sg_{role}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_same_seed_makes_the_same_requests_and_another_one_others(kind: Kind) -> None:
    def made(seed: int) -> list[bytes]:
        chance = Random(seed)
        return [kind.make(chance, Written(), 5_000).wire for _ in range(8)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_the_operations_that_are_to_be_executed_are_valid() -> None:
    modules = (bodies, expressions, inputs, schemas, workflows)
    named = [text for module in modules for text in vars(module).values() if isinstance(text, str)]
    operations = [text for text in named if text.startswith(("query", "mutation"))]
    assert len(operations) > 10
    for operation in operations:
        assert validate(_SCHEMA, parse(operation)) == [], operation


@pytest.mark.parametrize("make", EXECUTIONS.values(), ids=EXECUTIONS)
def test_the_documents_that_are_to_be_executed_are_valid(make: Make) -> None:
    for seed in range(40):
        steps, _ = make(Random(seed))
        assert check_document({"name": "hostile", "steps": steps}).problems == ()


def test_each_kind_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_the_limit_of_a_request_goes_by_all_of_its_bytes_and_by_what_it_reads() -> None:
    small, large = Attack(b"x" * (SMALL - 1)), Attack(b"x" * SMALL)
    [plain] = [kind for kind in KINDS if kind.name == "body: chunks"]
    [reading] = [kind for kind in KINDS if kind.name == "document: aliases"]
    assert [plain.most_seconds(small), plain.most_seconds(large)] == [0.1, 1.0]
    assert [reading.most_seconds(small), reading.most_seconds(large)] == [2.0, 2.0]


def test_the_processor_time_of_another_process_is_told() -> None:
    said = "import sys, time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 0.3 <= processor_seconds(process.pid) < 0.6
        process.kill()
        process.wait()
    assert processor_seconds(process.pid) == 0.0


def test_the_table_has_a_row_a_kind_in_columns(tmp_path: Path) -> None:
    report = Report(tmp_path, seed=7, slowness=1.5)
    row = report.row("a kind")
    row.add(Attack(b"x" * 10), own=0.012, children=0.5, postgres=0.0)
    row.add(Attack(b"x" * SMALL), own=0.9, children=0.0, postgres=0.003)
    row.silence = 260.4

    head, _, titles, units, line, *_ = report.lines()

    assert head.startswith("seed 7, limits times 1.50")
    assert line.split() == ["a", "kind", "2", "456", "12", "900", "500", "3", "260", "-", "0", "0"]
    assert len(titles) == len(units) == len(line)


def test_a_request_that_costs_too_much_is_kept_to_be_sent_again(tmp_path: Path) -> None:
    report = Report(tmp_path, seed=7, slowness=1.0)
    report.fault("body: deep", Attack(b"GET / HTTP/1.1"), "900 ms")
    [file] = tmp_path.glob("*.bin")
    assert file.read_bytes() == b"GET / HTTP/1.1"
    assert str(file) in report.lines()[-1] and "900 ms" in report.lines()[-1]


async def test_what_is_slow_now_and_then_is_no_fault_and_what_is_always_slow_is_one() -> None:
    async def typical(costs: list[float], machine: list[float]) -> float:
        readings, speeds = iter(costs), iter(machine)

        async def measure() -> Reading:
            return Reading(next(readings), 0.0, 0.0)

        return (await confirmed(measure, slowness=lambda: next(speeds))).own

    assert await typical([0.9, 0.05, 0.9, 0.05, 0.05], [1.0] * 6) == 0.05
    assert await typical([0.2, 0.2, 0.05, 0.2, 0.2], [1.0] * 6) == 0.2
    assert await typical([0.2] * 5, [2.0] * 6) == 0.1  # as half as fast a machine has it
    assert await typical([0.2, 0.1, 0.1, 0.1, 0.1], [3.0, 1.0, 1.0, 1.0, 1.0, 1.0]) == 0.1


def test_a_machine_is_never_said_to_be_faster_than_the_reference() -> None:
    assert slowness() >= 1.0 and slowness_now() >= 1.0
