"""Settings: where they come from, what is refused, and what is shown."""

import os
from datetime import timedelta

import pytest

from stepgraph.settings import InvalidSettings, Settings, load_settings
from stepgraph.settings.page import settings_page


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("STEPGRAPH_") or name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name)


def test_everything_has_a_default_but_the_servers() -> None:
    settings = load_settings()

    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.port == 8000
    assert settings.lease > settings.heartbeat


def test_the_usual_names_of_the_servers_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://one/x")
    monkeypatch.setenv("REDIS_URL", "redis://one")

    assert load_settings().database_url == "postgresql://one/x"
    assert load_settings().redis_url == "redis://one"


def test_the_prefixed_name_wins_over_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://one/x")
    monkeypatch.setenv("STEPGRAPH_DATABASE_URL", "postgresql://two/x")

    assert load_settings().database_url == "postgresql://two/x"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_PORT", "")

    assert load_settings().port == 8000


def test_what_the_command_line_gives_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_PORT", "9000")

    assert load_settings(port=9100, host=None).port == 9100
    assert load_settings(port=None).port == 9000


@pytest.mark.parametrize(("text", "length"), [("PT0.5S", 0.5), ("3", 3.0), ("2.5", 2.5)])
def test_durations_are_iso_8601_or_seconds(monkeypatch: pytest.MonkeyPatch, text: str, length: float) -> None:
    monkeypatch.setenv("STEPGRAPH_HEARTBEAT", text)

    assert load_settings().heartbeat == timedelta(seconds=length)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_EGRESS_ALLOWED_NETWORKS", "10.0.0.0/8, 192.168.1.7,")

    assert load_settings().egress_allowed_networks == ("10.0.0.0/8", "192.168.1.7")


def test_all_faults_are_told_at_once_by_the_name_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:geheim@host/x")
    monkeypatch.setenv("STEPGRAPH_PORT", "70000")
    monkeypatch.setenv("STEPGRAPH_LEASE", "soon")
    monkeypatch.setenv("STEPGRAPH_EGRESS_ALLOWED_NETWORKS", "10.0.0.0/8,nonsense")

    with pytest.raises(InvalidSettings) as refusal:
        load_settings()

    not_a_network = "'nonsense' does not appear to be an IPv4 or IPv6 network"
    assert str(refusal.value).splitlines() == [
        "These settings cannot be used:",
        "  DATABASE_URL must start with postgresql://.",
        "  STEPGRAPH_PORT must be less than or equal to 65535.",
        "  STEPGRAPH_LEASE must be a duration: seconds, or ISO 8601 such as PT8S.",
        f"  STEPGRAPH_EGRESS_ALLOWED_NETWORKS must be networks such as 10.0.0.0/8: {not_a_network}.",
    ]


def test_a_lease_that_a_living_worker_would_lose_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_HEARTBEAT", "PT5S")

    with pytest.raises(InvalidSettings, match="STEPGRAPH_LEASE must be at least twice STEPGRAPH_HEARTBEAT"):
        load_settings()


def test_the_page_lists_every_setting() -> None:
    page = settings_page()

    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"STEPGRAPH_{name.upper()}`" in page


@pytest.mark.parametrize(
    "url", ["flows.example", "ftp://flows.example", "http://", "https://u:p@flows.example", "http://a/?b"]
)
def test_an_address_that_others_cannot_use_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STEPGRAPH_PUBLIC_URL", url)

    with pytest.raises(InvalidSettings, match="STEPGRAPH_PUBLIC_URL must be an address such as"):
        load_settings()
