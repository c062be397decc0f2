"""The command line against a live API: what it prints, and the exit codes that scripts rely on."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Output, free_port, stepgraph
from tests.waiting import wait_until

GREETING = """
name: greeting
inputSchema: {type: object, required: [name]}
steps:
  - {id: hello, type: DATA_TRANSFORM, config: {output: "Hello, {{ input.name }}"}}
"""
FAILING = """
name: failing
steps:
  - {id: call, type: HTTP_REQUEST, config: {url: "SERVICE/status/404"}}
"""
SLEEPING = """
name: sleeping
steps:
  - {id: nap, type: WAIT, config: {duration: PT1H}}
"""
ASKING = """
name: asking
steps:
  - {id: answer, type: WAIT, config: {signal: {name: answer}}}
output: steps.answer.output.payload
"""
OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 3
IN_THE_SERVICES_LOOP = pytest.mark.asyncio(loop_scope="session")
"""The mark of tests whose workflows call the shared service: it answers while its own event loop runs."""


class CommandLine:
    """`stepgraph …` with STEPGRAPH_URL set, in a directory with workflow files."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self.directory = directory
        self.url = deployment.url

    async def __call__(self, *arguments: str) -> Output:
        return await stepgraph(*arguments, extra={"STEPGRAPH_URL": self.url})

    def file(self, name: str, text: str) -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)


@pytest.fixture
def cli(shared_deployment: Deployment, tmp_path: Path) -> CommandLine:
    return CommandLine(shared_deployment, tmp_path)


async def test_a_workflow_is_applied_executed_and_looked_at(cli: CommandLine) -> None:
    file = cli.file("greeting.yaml", GREETING.replace("greeting", "looked-at"))

    applied = await cli("apply", file, "--json")
    assert applied.code == OK, applied.stderr
    assert [(each["name"], each["version"]) for each in json.loads(applied.stdout)] == [("looked-at", 1)]
    again = await cli("apply", file)
    assert again.code == OK
    assert "version 1" in again.stdout

    followed = await cli("run", "looked-at", "--input", '{"name": "Ada"}', "--follow", "--json")
    assert followed.code == OK, followed.stderr
    execution = json.loads(followed.stdout)
    assert (execution["status"], execution["output"]) == ("COMPLETED", "Hello, Ada")

    input_file = cli.file("input.json", '{"name": "Grace"}')
    shown_live = await cli("run", "looked-at", "--input", f"@{input_file}", "--follow")
    assert shown_live.code == OK
    assert "hello" in shown_live.stdout
    assert "Hello, Grace" in shown_live.stdout

    listed = await cli("executions", "list", "--workflow", "looked-at", "--json")
    assert len(json.loads(listed.stdout)["nodes"]) == 2
    as_table = await cli("executions", "list", "--status", "COMPLETED")
    assert execution["id"] in as_table.stdout
    none = await cli("executions", "list", "--workflow", "looked-at", "--status", "FAILED", "--json")
    assert json.loads(none.stdout)["nodes"] == []

    detail = await cli("executions", "show", execution["id"], "--json")
    assert [step["path"] for step in json.loads(detail.stdout)["steps"]["nodes"]] == ["hello"]


@IN_THE_SERVICES_LOOP
async def test_an_execution_that_fails_ends_follow_with_exit_code_1_and_the_reason(
    cli: CommandLine, shared_deployment: Deployment
) -> None:
    await cli("apply", cli.file("failing.yaml", FAILING.replace("SERVICE", shared_deployment.service.url)))

    followed = await cli("run", "failing", "--follow")

    assert followed.code == FAILED
    assert "HTTP_STATUS" in followed.stderr


async def test_an_execution_is_cancelled(cli: CommandLine) -> None:
    await cli("apply", cli.file("sleeping.yaml", SLEEPING))
    started = json.loads((await cli("run", "sleeping", "--json")).stdout)

    cancelled = await cli("cancel", started["id"], "--reason", "not needed")
    assert cancelled.code == OK, cancelled.stderr

    again = await cli("executions", "cancel", started["id"])
    assert again.code in (OK, FAILED)  # it may not have ended yet


async def test_a_file_is_applied_and_executed_by_one_command(cli: CommandLine) -> None:
    both = cli.file("both.yaml", f"{ASKING}---\n{GREETING}")

    ran = await cli("run", both, "--input", '{"name": "Ada"}', "--follow", "--json")

    assert ran.code == OK, ran.stderr
    assert json.loads(ran.stdout)["output"] == "Hello, Ada"
    applied = await cli("apply", both, "--json")
    assert [(each["name"], each["version"]) for each in json.loads(applied.stdout)] == [("asking", 1), ("greeting", 1)]


async def test_an_execution_is_paused_resumed_and_sent_a_signal(cli: CommandLine) -> None:
    id = json.loads((await cli("run", cli.file("asking.yaml", ASKING), "--json")).stdout)["id"]

    async def status_is(status: str) -> bool:
        return bool(json.loads((await cli("executions", "show", id, "--json")).stdout)["status"] == status)

    assert (await cli("executions", "pause", id)).code == OK
    await wait_until(lambda: status_is("PAUSED"), "it is paused", timeout=60)
    assert (await cli("executions", "resume", id)).code == OK
    await wait_until(lambda: status_is("WAITING"), "it goes on", timeout=60)
    assert (await cli("signal", id, "answer", "--payload", '{"yes": true}')).code == OK
    await wait_until(lambda: status_is("COMPLETED"), "it has its answer", timeout=60)

    shown = json.loads((await cli("executions", "show", id, "--json")).stdout)
    assert shown["output"] == {"yes": True}
    assert (await cli("executions", "retry", id)).code == FAILED  # there is nothing to retry


@IN_THE_SERVICES_LOOP
async def test_a_failed_execution_is_retried_as_a_new_one(cli: CommandLine, shared_deployment: Deployment) -> None:
    await cli("apply", cli.file("failing.yaml", FAILING.replace("SERVICE", shared_deployment.service.url)))
    failed = json.loads((await cli("run", "failing", "--follow", "--json")).stdout)

    retried = await cli("executions", "retry", failed["id"], "--json")

    assert retried.code == OK, retried.stderr
    assert json.loads(retried.stdout)["id"] != failed["id"]


async def test_executions_are_cancelled_retried_and_deleted_in_numbers(cli: CommandLine) -> None:
    await cli("apply", cli.file("asking.yaml", ASKING.replace("asking", "many")))
    ids = [json.loads((await cli("run", "many", "--json")).stdout)["id"] for _ in range(2)]

    async def are(status: str) -> bool:
        listed = await cli("executions", "list", "--workflow", "many", "--status", status, "--json")
        return set(ids) <= {each["id"] for each in json.loads(listed.stdout)["nodes"]}

    assert (await cli("executions", "cancel-all")).code == USAGE  # it wants to be told which
    cancelled = await cli("executions", "cancel-all", "--workflow", "many", "--created-after", "2020-01-01", "--json")
    assert cancelled.code == OK, cancelled.stderr
    assert json.loads(cancelled.stdout).items() >= {"matched": 2, "changed": 2}.items()
    await wait_until(lambda: are("CANCELLED"), "both are cancelled", timeout=60)
    retried = await cli("executions", "retry-all", "--workflow", "many", "--status", "cancelled")
    assert "2 of 2" in retried.stdout
    none = await cli("executions", "retry-all", "--label", "team=nobody", "--json")
    assert json.loads(none.stdout).items() >= {"matched": 0, "changed": 0}.items()

    deleted = await cli("executions", "delete", ids[0], "--json")
    assert (deleted.code, json.loads(deleted.stdout)["id"]) == (OK, ids[0])
    assert (await cli("executions", "delete", ids[0])).code == FAILED


async def test_a_worker_carries_on_what_is_done_with_many(cli: CommandLine) -> None:
    await cli("apply", cli.file("asking.yaml", ASKING.replace("asking", "bulk")))
    ids = [json.loads((await cli("run", "bulk", "--json")).stdout)["id"] for _ in range(2)]
    of_these = ("--workflow", "bulk", "--label-text", "nobody")

    assert (await cli("executions", "bulk", "cancel")).code == FAILED  # a filter that leaves nothing out
    none = await cli("executions", "bulk", "cancel", *of_these, "--dry-run", "--json")
    assert json.loads(none.stdout).items() >= {"matched": 0, "sample": []}.items()
    dry = json.loads((await cli("executions", "bulk", "cancel", *of_these[:2], "--dry-run", "--json")).stdout)
    assert {each["id"] for each in dry["sample"]} == set(ids)

    begun = json.loads((await cli("executions", "bulk", "cancel", *of_these[:2], "--json")).stdout)

    async def is_done() -> bool:
        shown = await cli("executions", "bulk", "show", begun["id"], "--json")
        return json.loads(shown.stdout)["finishedAt"] is not None

    async def are_cancelled() -> bool:
        counts = json.loads((await cli("executions", "count", "--workflow", "bulk", "--json")).stdout)
        return {"status": "CANCELLED", "count": 2, "isEstimate": False} in counts["statuses"]

    await wait_until(is_done, "all are told", timeout=60)
    await wait_until(are_cancelled, "both are cancelled", timeout=60)
    shown = await cli("executions", "bulk", "show", begun["id"])
    assert "2 done, 0 failed" in shown.stdout
    assert begun["id"] in (await cli("executions", "bulk", "list")).stdout


async def test_a_document_with_faults_is_refused_with_all_of_them(cli: CommandLine) -> None:
    file = cli.file("broken.json", '{"name": "", "steps": [{"id": "a", "type": "NOPE", "config": {}}]}')

    refused = await cli("apply", file)

    assert refused.code == FAILED
    assert "name" in refused.stderr
    assert "type" in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_an_input_that_does_not_meet_the_schema_is_refused(cli: CommandLine) -> None:
    await cli("apply", cli.file("greeting.yaml", GREETING))

    refused = await cli("run", "greeting", "--input", "{}")

    assert refused.code == FAILED
    assert "name" in refused.stderr


async def test_what_is_not_there_is_exit_code_1_and_a_sentence(cli: CommandLine) -> None:
    for arguments in (
        ("run", "no-such-workflow"),
        ("executions", "show", "ex_01h455vb4pex5vsknk084sn02q"),
        ("executions", "show", "nonsense"),
        ("cancel", "ex_01h455vb4pex5vsknk084sn02q"),
        ("executions", "list", "--after", "nonsense"),
    ):
        answer = await cli(*arguments)

        assert answer.code == FAILED, answer
        assert answer.stderr.strip()
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("run",),
        ("run", "greeting", "--input", "{not json"),
        ("run", "greeting", "--input", "@/no/such/file.json"),
        ("run", "/no/such/file.yaml"),
        ("apply", "/no/such/file.yaml"),
        ("serve", "--host", "0.0.0.0"),
        ("worker", "--processes", "0"),
        ("executions", "list", "--status", "NO_SUCH_STATUS"),
    ],
)
async def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    servers = {"DATABASE_URL": "postgresql://nowhere.invalid/x", "REDIS_URL": "redis://nowhere.invalid"}

    answer = await stepgraph(*arguments, extra={**servers, "STEPGRAPH_REQUIRE_KEYS": "false"})

    assert answer.code == USAGE, answer
    assert "Traceback" not in answer.stderr


async def test_settings_that_cannot_be_used_are_said_all_at_once() -> None:
    wrong = {
        "DATABASE_URL": "mysql://localhost/x",
        "REDIS_URL": "http://localhost",
        "STEPGRAPH_WORKER_THREADS": "many",
        "STEPGRAPH_LEASE": "soon",
    }

    answer = await stepgraph("worker", extra=wrong)

    assert answer.code == USAGE
    for name in ("DATABASE_URL", "REDIS_URL", "STEPGRAPH_WORKER_THREADS", "STEPGRAPH_LEASE"):
        assert name in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("arguments", [("serve",), ("worker",), ("migrate",)])
async def test_a_deployed_process_without_its_servers_says_which_it_needs(arguments: tuple[str, ...]) -> None:
    answer = await stepgraph(*arguments)

    assert answer.code == USAGE
    assert "DATABASE_URL" in answer.stderr


async def test_an_api_that_is_not_there_is_exit_code_3() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    answer = await stepgraph("executions", "list", "--url", url)

    assert answer.code == UNREACHABLE
    assert url in answer.stderr


async def test_a_database_that_is_not_there_is_exit_code_3() -> None:
    answer = await stepgraph("migrate", extra={"DATABASE_URL": f"postgresql://u:geheim@127.0.0.1:{free_port()}/x"})

    assert answer.code == UNREACHABLE
    assert "geheim" not in answer.stderr
    assert "Traceback" not in answer.stderr


async def test_migrate_says_what_it_has_done(deployment: Deployment) -> None:
    answer = await stepgraph("migrate", "--json", extra=deployment.settings)

    assert answer.code == OK
    assert json.loads(answer.stdout) == {"applied": []}


async def test_schemas_are_printed(tmp_path: Path) -> None:
    graphql = await stepgraph("schema")
    document = await stepgraph("schema", "document")

    assert "type Mutation" in graphql.stdout
    assert "steps" in json.loads(document.stdout)["properties"]
