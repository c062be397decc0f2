"""Metrics that processes expose to Prometheus: the dashboard and the alerts ask for no others."""

import asyncio
import json
import re
import signal
from collections.abc import Collection, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.metrics.model import EXECUTIONS, ORCHESTRATIONS, Counted, Tally
from graphql_api.app import create_app
from persistence.postgres.connections.database import Database
from stepgraph.settings import Settings
from stepgraph.telemetry.api_metrics import ApiMetrics
from stepgraph.telemetry.metrics_endpoint import metrics_endpoint
from stepgraph.telemetry.prometheus import CountedCollector
from stepgraph.telemetry.worker_metrics import WorkerMetrics
from tests.integration.graphql_api.api import NOON, Api
from tests.repository import ROOT

DEPLOY = ROOT / "deploy"
_METRIC = re.compile(r"\b(?:stepgraph|process|python)_[a-z_]+")


def samples_of(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and its labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def api_text(api: Api) -> str:
    """The text that the API answers at /metrics."""
    metrics = ApiMetrics(api.services, api.options)
    app = create_app(api.services, options=api.options, metrics=metrics.render)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def a_worker() -> WorkerMetrics:
    """A worker's metrics, with a database that is away."""
    return WorkerMetrics(
        Database("postgresql://127.0.0.1:1/nothing", connect_timeout=0.2), Settings(worker_executions=50)
    )


def a_tally(**counts: Any) -> Tally:
    """A tally with these counts, and one duration of 40 ms."""
    tally = Tally(**counts)
    tally.add_duration(timedelta(milliseconds=40))
    return tally


async def a_busy_worker() -> WorkerMetrics:
    """The metrics of a worker that has counted, sent and started something."""
    metrics = a_worker()
    counted: Counted = {
        (ORCHESTRATIONS, EXECUTIONS, NOON): a_tally(started=3, completed=1),
        (ORCHESTRATIONS, "HTTP_REQUEST", NOON): a_tally(completed=4, failed=1, retries=2),
    }
    metrics.counted.add(counted)
    metrics.counted.add(counted)
    metrics.worker.delivered(succeeded=True)
    metrics.worker.schedule_starts += 2
    metrics.worker.active = lambda: 7
    return metrics


async def test_a_worker_shows_what_it_has_counted() -> None:
    samples = samples_of((await (await a_busy_worker()).render()).decode())
    assert samples["stepgraph_executions_total", (("status", "STARTED"), ("workflow", ""))] == 6
    assert samples["stepgraph_executions_total", (("status", "COMPLETED"), ("workflow", ""))] == 2
    assert samples["stepgraph_steps_total", (("status", "FAILED"), ("type", "HTTP_REQUEST"))] == 2
    assert samples["stepgraph_step_retries_total", (("type", "HTTP_REQUEST"),)] == 4
    assert samples["stepgraph_execution_duration_seconds_bucket", (("le", "0.025"),)] == 0
    assert samples["stepgraph_execution_duration_seconds_bucket", (("le", "0.05"),)] == 2
    assert samples["stepgraph_execution_duration_seconds_sum", ()] == pytest.approx(0.08)
    assert samples["stepgraph_execution_duration_seconds_count", ()] == 2
    assert samples["stepgraph_webhook_deliveries_total", (("outcome", "succeeded"),)] == 1
    assert samples["stepgraph_schedule_starts_total", ()] == 2
    assert (samples["stepgraph_worker_places_used", ()], samples["stepgraph_worker_places", ()]) == (7, 50)


class Names:
    """Knows the name of every workflow, unless it is away."""

    is_away = False

    async def get_many(self, ids: Collection[UUID], /) -> dict[UUID, Any]:
        if self.is_away:
            raise Unavailable("PostgreSQL does not answer.")
        return {id: SimpleNamespace(name=f"w{id.int % 1000}") for id in ids}


async def shown_executions(collector: CountedCollector) -> dict[str, float]:
    """Completed executions by workflow."""
    await collector.refresh()
    shown = samples_of(generate_latest(registry_of(collector)).decode())
    return {
        dict(labels)["workflow"]: value
        for (name, labels), value in shown.items()
        if name == "stepgraph_executions_total" and ("status", "COMPLETED") in labels
    }


def registry_of(collector: CountedCollector) -> CollectorRegistry:
    """A registry with this collector alone."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry


async def test_workflows_go_by_name_and_beyond_a_few_hundred_as_one() -> None:
    collector = CountedCollector(Names())
    for _ in range(3):
        collector.add({(new_id(), EXECUTIONS, NOON): a_tally(completed=1) for _ in range(400)})
    shown = await shown_executions(collector)
    assert len(shown) <= 301
    assert shown["other"] == 900
    assert sum(shown.values()) == 1_200
    assert len(collector.executions) <= 301, "what is held does not grow with the number of workflows either"
    assert collector.durations.timed == 1_200


async def test_a_count_never_moves_from_one_label_to_another() -> None:
    names = Names()
    collector = CountedCollector(names)
    names.is_away = True
    collector.add({(UUID(int=7), EXECUTIONS, NOON): Tally(completed=2), (ORCHESTRATIONS, EXECUTIONS, NOON): Tally()})
    with pytest.raises(Unavailable):
        await collector.refresh()
    unnamed = samples_of(generate_latest(registry_of(collector)).decode())
    assert {dict(labels)["workflow"] for name, labels in unnamed if name == "stepgraph_executions_total"} == {""}
    names.is_away = False
    assert await shown_executions(collector) == {"w7": 2, "": 0}


async def test_a_workflow_that_is_not_found_counts_among_the_others() -> None:
    class Nobody:
        async def get_many(self, ids: Collection[UUID], /) -> dict[UUID, Any]:
            return {}

    collector = CountedCollector(Nobody())
    for _ in range(2):
        collector.add({(UUID(int=7), EXECUTIONS, NOON): Tally(completed=2)})
        shown = await shown_executions(collector)
    assert shown == {"other": 4}


async def test_a_database_that_is_away_fails_no_scrape() -> None:
    metrics = a_worker()
    metrics.counted.add({(new_id(), EXECUTIONS, NOON): a_tally(completed=1)})
    samples = samples_of((await metrics.render()).decode())
    assert samples["stepgraph_execution_duration_seconds_count", ()] == 1

    api = Api()
    assert samples_of(await api_text(api))["stepgraph_executions_running", ()] == 0

    async def away(*_: Any) -> Any:
        raise Unavailable("PostgreSQL does not answer.")

    api.storage.metrics.running = away  # type: ignore[method-assign, assignment]
    samples = samples_of(await api_text(api))
    assert ("stepgraph_executions_running", ()) not in samples
    assert samples["stepgraph_workers", ()] == 0


async def test_what_hangs_is_left_out_and_the_rest_is_shown() -> None:
    api = Api()

    async def hangs(*_: Any) -> Any:
        await asyncio.Event().wait()

    api.storage.queue.queues = hangs  # type: ignore[method-assign]
    samples = samples_of(await api_text(api))
    assert not [name for name, _ in samples if name == "stepgraph_queue_depth"]
    assert samples["stepgraph_executions_running", ()] == 0


async def test_the_api_shows_operations_and_the_figures_of_the_system() -> None:
    api = Api()
    await api.storage.registry.register(new_id(), host="one", now=NOON)
    await api.storage.breakers.ensure("payments", id=new_id(), now=NOON)
    api.storage.queue.dead_letters = 2
    await api.run("{ health { status } }")
    await api.errors('{ workflow(id: "nonsense") { name } }')
    samples = samples_of(await api_text(api))
    assert samples["stepgraph_graphql_operations_total", (("outcome", "ok"), ("type", "query"))] == 1
    assert samples["stepgraph_graphql_operations_total", (("outcome", "error"), ("type", "query"))] == 1
    assert samples["stepgraph_graphql_operation_duration_seconds_count", (("type", "query"),)] == 2
    assert samples["stepgraph_dead_letters", (("queue", "executions"),)] == 2
    assert samples["stepgraph_breaker_state", (("service", "payments"),)] == 0
    assert samples["stepgraph_workers", ()] == 1
    assert samples["stepgraph_outbox_lag_seconds", ()] == 0


async def test_a_subscription_counts_while_it_is_read() -> None:
    api = Api()
    await api.create_workflow()
    hand = await api.start()
    stream = api.subscribe("subscription($id: ID!) { executionProgress(id: $id) { kind } }", id=hand.id)
    await anext(stream)
    assert api.services.activity.subscriptions == 1
    await stream.aclose()
    assert api.services.activity.subscriptions == 0


async def test_the_listener_of_a_worker_answers_and_refuses() -> None:
    metrics = await a_busy_worker()
    async with metrics_endpoint(metrics.render, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{port}"
        answer = await client.get(f"{address}/metrics")
        assert (answer.status_code, "stepgraph_steps_total" in answer.text) == (200, True)
        assert (await client.get(address)).status_code == 404
        assert (await client.post(f"{address}/metrics")).status_code == 405
        assert port is not None
        async with metrics_endpoint(metrics.render, "127.0.0.1", port) as taken:
            assert taken is None


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nX-Long: " + b"x" * 20_000, b"431"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", b"405"),
        (b"GET /else HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", b"404"),
    ],
)
async def test_a_worker_says_why_it_refuses_a_request_also_to_one_that_goes_on_sending(
    head: bytes, status: bytes
) -> None:
    async with metrics_endpoint(a_worker().render, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        for _ in range(40):
            writer.write(b"x" * 50_000)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(-1), 30)
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 " + status + b" ")


async def test_the_endpoint_of_a_worker_leaves_signals_to_the_worker() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    async with metrics_endpoint(a_worker().render, "127.0.0.1", 0):
        assert [signal.getsignal(number) for number in numbers] == before


async def test_metrics_that_are_not_read_in_time_and_clients_that_say_nothing_are_given_up() -> None:
    async def never() -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        metrics_endpoint(never, "127.0.0.1", 0, patience=timedelta(seconds=0.2)) as port,
        httpx.AsyncClient() as client,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        assert (answer.status_code, "not read within 0.2 seconds" in answer.text) == (503, True)
        assert await asyncio.wait_for(reader.read(-1), 30) == b""
        writer.close()


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("expr", "query") and isinstance(member, str):
                yield member
            yield from _expressions(member)
    elif isinstance(value, list):
        for member in value:
            yield from _expressions(member)


async def test_the_dashboard_and_the_alerts_ask_for_what_is_exposed() -> None:
    api = Api()
    await api.storage.breakers.ensure("payments", id=new_id(), now=NOON)
    await api.storage.recovery.lead(new_id(), lease=timedelta(seconds=4))
    await api.run("{ health { status } }")
    text = await api_text(api) + (await (await a_busy_worker()).render()).decode()
    exposed = {name for name, _ in samples_of(text)}
    dashboard = json.loads((DEPLOY / "grafana" / "stepgraph.json").read_text())
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    asked = {name for expression in _expressions([dashboard, alerts]) for name in _METRIC.findall(expression)}
    assert len(asked) > 20
    assert asked <= exposed, asked - exposed


def test_the_dashboard_can_be_imported() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "stepgraph.json").read_text())
    assert [each["name"] for each in dashboard["templating"]["list"]] == ["datasource", "job", "workflow"]
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in panels:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(target["expr"] for target in panel["targets"])
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} covers another panel"
        taken |= cells


PROMETHEUS_KEYS = {
    "global": {"scrape_interval", "scrape_timeout", "evaluation_interval"},
    "scrape_configs": {"job_name", "metrics_path", "scheme", "static_configs", "dns_sd_configs", "scrape_interval"},
}
RULE_KEYS = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}


def test_the_configuration_of_prometheus_has_keys_that_prometheus_knows() -> None:
    folder = DEPLOY / "prometheus"
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    assert set(config) <= {"global", "rule_files", "scrape_configs"}
    assert set(config["global"]) <= PROMETHEUS_KEYS["global"]
    assert all((folder / name).is_file() for name in config["rule_files"])
    for job in config["scrape_configs"]:
        assert set(job) <= PROMETHEUS_KEYS["scrape_configs"]
        for targets in job.get("static_configs", ()):
            assert set(targets) <= {"targets", "labels"}
        for lookup in job.get("dns_sd_configs", ()):
            assert set(lookup) <= {"names", "type", "port", "refresh_interval"}


def test_the_alerts_are_rules_that_prometheus_can_load() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    assert set(alerts) == {"groups"}
    names: list[str] = []
    for group in alerts["groups"]:
        assert set(group) <= {"name", "interval", "rules"}
        for rule in group["rules"]:
            assert set(rule) <= RULE_KEYS
            assert rule["labels"]["severity"] in ("warning", "critical")
            assert rule["annotations"]["summary"]
            assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
            assert rule["expr"].count("(") == rule["expr"].count(")")
            names.append(rule["alert"])
    assert len(names) == len(set(names))


def test_the_profile_of_docker_compose_finds_its_files_and_its_targets() -> None:
    services = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]
    monitoring = {name: service for name, service in services.items() if service.get("profiles") == ["monitoring"]}
    assert set(monitoring) == {"prometheus", "grafana"}
    mounted = {
        inside: DEPLOY.parent / outside
        for service in monitoring.values()
        for outside, inside, mode in (volume.split(":") for volume in service["volumes"])
        if mode == "ro"
    }
    assert all(outside.exists() for outside in mounted.values()), mounted
    assert mounted["/etc/prometheus"] == DEPLOY / "prometheus"

    environment = services["worker"]["environment"]
    api, worker = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert api["static_configs"] == [{"targets": ["api:8000"]}]
    assert services["api"]["command"][0] == "serve"
    (lookup,) = worker["dns_sd_configs"]
    assert lookup["names"] == ["worker"]
    assert str(lookup["port"]) == environment["STEPGRAPH_WORKER_METRICS_PORT"]
    assert environment["STEPGRAPH_WORKER_METRICS_HOST"] == "0.0.0.0"
    assert services["worker"]["command"] == ["worker", "--processes", "1"], "one process, one port"

    grafana = DEPLOY / "grafana"
    (provider,) = yaml.safe_load((grafana / "dashboards.yml").read_text())["providers"]
    assert mounted[f"{provider['options']['path']}/stepgraph.json"] == grafana / "stepgraph.json"
    (source,) = yaml.safe_load((grafana / "datasource.yml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert mounted["/etc/grafana/provisioning/datasources/stepgraph.yml"] == grafana / "datasource.yml"
    assert mounted["/etc/grafana/provisioning/dashboards/stepgraph.yml"] == grafana / "dashboards.yml"
