"""The page about monitoring does what it says: its operations are run, and its metrics are exposed."""

import re
from datetime import timedelta

from domain.kernel.ids import new_id
from domain.metrics.model import EXECUTIONS, ORCHESTRATIONS, Tally
from domain.metrics.service import LONGEST_RANGE, MOST_POINTS, MetricsRetention
from graphql_api.context import ApiOptions
from persistence.postgres.connections.database import Database
from stepgraph.settings import Settings
from stepgraph.telemetry.api_metrics import ApiMetrics
from stepgraph.telemetry.worker_metrics import WorkerMetrics
from tests.integration.graphql_api.api import NOON, Api
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "monitoring.md").read_text()
OPERATIONS = {
    re.split(r"[ ({]", text.split(" ", 1)[1])[0]: text for text in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
}
NAMES = {
    name
    for row in re.findall(r"^\| (`stepgraph_.*?) \|", PAGE, re.MULTILINE)
    for name in re.findall(r"stepgraph_\w+", row)
}


async def test_every_operation_of_the_page_runs() -> None:
    assert set(OPERATIONS) == {"Today", "Slowest", "Health"}
    api = Api()
    await api.create_workflow("orders")
    await api.storage.registry.register(new_id(), host="one", now=NOON)
    assert (await api.run(OPERATIONS["Today"]))["metrics"]["started"] == 0
    slowest = (await api.run(OPERATIONS["Slowest"], **{"from": "2029-12-01T00:00:00Z"}))["workflows"]["nodes"]
    assert slowest == [{"name": "orders", "metrics": {"completed": 0, "failed": 0, "duration": {"p95": "PT0S"}}}]
    health = (await api.run(OPERATIONS["Health"]))["health"]
    assert health["status"] == "UP"
    assert all(f"`{component['name']}`" in PAGE for component in health["components"])


async def test_every_metric_of_the_page_is_exposed() -> None:
    api = Api()
    await api.storage.breakers.ensure("payments", id=new_id(), now=NOON)
    await api.storage.recovery.lead(new_id(), lease=timedelta(seconds=4))
    await api.run("{ health { status } }")
    worker = WorkerMetrics(Database("postgresql://127.0.0.1:1/nothing", connect_timeout=0.2), Settings())
    worker.counted.add({(ORCHESTRATIONS, kind, NOON): Tally(completed=1) for kind in (EXECUTIONS, "WAIT")})
    exposed = (await ApiMetrics(api.services, api.options).render() + await worker.render()).decode()
    families = set(re.findall(r"^# TYPE (stepgraph_\w+)", exposed, re.MULTILINE))
    assert len(NAMES) > 15
    assert families == NAMES


def test_the_defaults_of_the_page_are_those_of_the_settings() -> None:
    settings, retention = Settings(), MetricsRetention()
    assert (settings.metrics_minutes_retention, settings.metrics_hours_retention) == (
        retention.minutes,
        retention.hours,
    )
    text = " ".join(PAGE.split())
    assert f"{retention.minutes.days} days (`STEPGRAPH_METRICS_MINUTES_RETENTION`)" in text
    assert f"{retention.hours.days} days (`STEPGRAPH_METRICS_HOURS_RETENTION`)" in text
    assert f"{LONGEST_RANGE.days:,} days long" in text
    assert f"at most {MOST_POINTS:,}" in text
    assert settings.worker_metrics_host == "127.0.0.1"
    assert "on 127.0.0.1, or on `STEPGRAPH_WORKER_METRICS_HOST`" in text
    assert ApiOptions().health_timeout == timedelta(seconds=2)
    assert "within two seconds" in text
