"""PostgreSQL's address in the settings: what is refused, with what sentence, and which ports it names."""

from pathlib import Path

import certifi
import pytest

from stepgraph.settings import InvalidSettings, load_settings
from stepgraph.settings.postgresql import ports_of

BASE = "postgresql://user:secret@db.example/stepgraph"
ROOT = Path(certifi.where())


def refusal(url: str) -> str:
    with pytest.raises(InvalidSettings) as refused:
        load_settings(database_url=url)
    assert "secret" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "parameter",
    [
        "connect_timeout=10",
        "keepalives=1",
        "keepalives_idle=60",
        "keepalives_count=3",
        "channel_binding=require",
        "channel_binding=prefer",
        "hostaddr=10.0.0.1",
        "gssencmode=disable",
        "load_balance_hosts=random",
        "require_auth=scram-sha-256",
        "pgbouncer=true",
        "connection_limit=5",
        "schema=jobs",
    ],
)
@pytest.mark.parametrize("before", ["?", "?sslmode=require&"])
def test_a_parameter_that_is_not_understood_is_refused_by_its_name(parameter: str, before: str) -> None:
    name = parameter.partition("=")[0]

    assert f"DATABASE_URL has the parameter {name}, which is not understood here: " in refusal(
        BASE + before + parameter
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sslmode=on", "sslmode=on: it must be one of disable, allow, prefer"),
        ("sslmode=verify_full", "it must be one of disable"),
        ("target_session_attrs=read-only", "it must be one of any, primary, read-write"),
        ("target_session_attrs=standby", "it must be one of any, primary, read-write"),
        ("sslnegotiation=tls", "it must be one of postgres, direct"),
        ("ssl_min_protocol_version=1.3", "it must be one of TLSv1,"),
        ("client_encoding=LATIN1", "it must be one of UTF8"),
        ("sslmode=", "no value for the parameter sslmode"),
    ],
)
def test_a_value_that_a_parameter_does_not_have_is_refused_with_those_that_it_has(query: str, told: str) -> None:
    assert told in refusal(f"{BASE}?{query}")


@pytest.mark.parametrize("name", ["sslrootcert", "sslcrl", "sslcert"])
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_missing_certificate_is_named(name: str, mode: str, tmp_path: Path) -> None:
    present = tmp_path / "root.pem"
    present.write_text(ROOT.read_text())
    others = "" if name == "sslrootcert" else f"&sslrootcert={present}"

    told = refusal(f"{BASE}?sslmode={mode}&{name}=/nowhere/at/all.pem{others}")

    assert f"has {name}=/nowhere/at/all.pem, which cannot be read: No such file or directory." in told


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("hello")

    assert "which cannot be read: it holds no such PEM." in refusal(
        f"{BASE}?sslmode=verify-full&sslrootcert={tmp_path}/root.pem"
    )
    assert "which cannot be read: Is a directory." in refusal(f"{BASE}?sslmode=verify-full&sslrootcert={tmp_path}")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_verification_without_a_root_certificate_is_refused(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    assert f"has sslmode={mode}, for which a root certificate is needed: add sslrootcert=FILE" in refusal(
        f"{BASE}?sslmode={mode}"
    )

    monkeypatch.setenv("PGSSLROOTCERT", str(ROOT))
    assert load_settings(database_url=f"{BASE}?sslmode={mode}").database_url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://db:port/x", "has the port 'port': it must be a number from 1 to 65535."),
        ("postgresql://one:1,two:70000/x", "has the port '70000'"),
        ("postgresql://one,two,three/x?port=1,2", "names 3 hosts and 2 ports"),
        ("mysql://db/x", "must start with postgresql://."),
    ],
)
def test_hosts_and_ports_that_cannot_be_read_are_refused(url: str, told: str) -> None:
    assert f"DATABASE_URL {told}" in refusal(url)


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("postgresql://db/x", [5432]),
        ("postgresql://u:p@db:6000/x", [6000]),
        ("postgresql://one:6000,two:6001/x", [6000, 6001]),
        ("postgresql://one,two:6001/x", [5432, 6001]),
        ("postgresql://one,two/x?port=6000", [6000, 6000]),
        ("postgresql://one,two/x?port=6000,6001", [6000, 6001]),
        ("postgresql:///x?host=one,two&port=6000,6001", [6000, 6001]),
        ("postgresql://u@/x?host=/var/run/postgresql", []),
        ("postgresql://u@%2Fvar%2Frun%2Fpostgresql/x", []),
        ("postgresql://[::1]:6000,[::2]/x", [6000, 5432]),
        ("postgresql://u:a%40b%3A1@db:6000/x?options=-csearch_path%3Djobs", [6000]),
    ],
)
def test_the_ports_of_all_hosts_are_known(url: str, ports: list[int]) -> None:
    """Steps must not connect to any of them."""
    assert load_settings(database_url=url).database_url == url
    assert list(ports_of(url)) == ports


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=require",
        "sslmode=disable&sslrootcert=/nowhere",
        "target_session_attrs=read-write",
        "options=-csearch_path%3Djobs",
        "search_path=jobs",
        "application_name=mine",
        "passfile=/home/me/.pgpass",
        "client_encoding=UTF8",
        "statement_timeout=5000",
    ],
)
def test_what_the_driver_or_the_server_understands_is_left_to_them(query: str) -> None:
    assert load_settings(database_url=f"{BASE}?{query}").database_url == f"{BASE}?{query}"
