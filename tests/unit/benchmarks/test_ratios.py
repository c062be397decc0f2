"""Ratios between Stepgraph and its peers, and the table that shows them."""

import orjson
import pytest

from benchmarks.peers.ratios import OURS, compare, headings, markdown, table_rows, update_document, write_json
from benchmarks.peers.workloads import WORKLOADS, Kind, PeerWorkload

RATES = [
    {OURS: {"steps/s": 2000.0}, "Restate": {"steps/s": 1000.0}},
    {OURS: {"steps/s": 900.0}, "Restate": {"steps/s": 300.0}},
    {OURS: {"steps/s": 1500.0}, "Restate": {"steps/s": 1500.0}},
]
TIMES = [
    {OURS: {"p50 ms": 5.0}, "Restate": {"p50 ms": 10.0}, "DBOS": {"p50 ms": 50.0}},
    {OURS: {"p50 ms": 10.0}, "Restate": {"p50 ms": 5.0}},
]


def workload(kind: Kind = Kind.CALLS, *, one_by_one: bool = False, is_rate: bool = False) -> PeerWorkload:
    return PeerWorkload(
        name="W", title="some", kind=kind, executions=500, steps=10, one_by_one=one_by_one, is_rate=is_rate
    )


def test_a_higher_rate_and_a_shorter_time_are_both_faster() -> None:
    assert [each.speedups["Restate"] for each in compare("W2", RATES)] == [[2.0, 3.0, 1.0]]
    assert [each.speedups["Restate"] for each in compare("W1", TIMES)] == [[2.0, 0.5]]


def test_the_median_of_the_rounds_ratios_is_shown_with_their_range_beside_everybodys_own_median() -> None:
    rows = table_rows(compare("W2", RATES), [OURS, "Restate"])
    assert headings([OURS, "Restate"]) == ["workload", "figure", "Stepgraph", "Restate", "times Restate"]
    assert rows == [["W2", "steps/s", "1,500", "1,000", "2.00 (1.00 to 3.00)"]]


def test_a_peer_that_failed_counts_for_the_rounds_before_that() -> None:
    (row,) = table_rows(compare("W1", TIMES), [OURS, "Restate", "DBOS"])
    assert row == ["W1", "p50 ms", "7.5", "7.5", "50", "1.25 (0.50 to 2.00)", "10.00"]


def test_a_peer_that_was_never_measured_is_shown_as_failed() -> None:
    (row,) = table_rows(compare("W2", RATES), [OURS, "Restate", "DBOS"])
    assert (row[4], row[6]) == ("failed", "failed")


def test_the_figures_of_a_round_are_percentiles_a_rate_or_seconds() -> None:
    milliseconds = workload(one_by_one=True).figures([0.001 * number for number in range(101)])
    assert milliseconds == {"p50 ms": pytest.approx(50), "p99 ms": pytest.approx(99)}
    assert workload(is_rate=True).figures([2.0]) == {"steps/s": 2500}
    assert workload(Kind.SLOW).figures([2.0]) == {"seconds": 2.0}


def test_a_loop_is_scaled_by_its_items_and_everything_else_by_its_executions() -> None:
    sizes = {each.name: (each.scaled(0.1).executions, each.scaled(0.1).steps) for each in WORKLOADS}
    assert sizes == {"W1": (20, 1), "W2": (50, 10), "W3": (1, 100), "W4": (100, 1), "W5": (100, 10)}


def test_the_table_stands_between_the_marks_of_a_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    page = tmp_path_factory.mktemp("docs") / "page.md"
    page.write_text("before\n<!-- peers: begin -->\nold\n<!-- peers: end -->\nafter\n")
    versions = {"Restate": "1.7.12"}
    update_document(page, compare("W2", RATES), [OURS, "Restate"], versions, 3)
    table = markdown(compare("W2", RATES), [OURS, "Restate"], versions, 3)
    assert page.read_text() == f"before\n<!-- peers: begin -->\n{table}\n<!-- peers: end -->\nafter\n"
    assert "| W2 | steps/s | 1,500 | 1,000 | 2.00 (1.00 to 3.00) |" in table
    assert "Restate 1.7.12; medians of 3 rounds" in table


def test_a_page_without_marks_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    page = tmp_path_factory.mktemp("docs") / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(ValueError, match="peers: begin"):
        update_document(page, compare("W2", RATES), [OURS, "Restate"], {}, 3)


def test_programs_get_every_round_and_the_ratios(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("json") / "new" / "peers.json"
    write_json(path, {"W2": RATES}, compare("W2", RATES), {"rounds": 3})
    written = orjson.loads(path.read_bytes())
    assert written["rounds"] == {"W2": RATES}
    assert written["times_as_fast"][0]["median"] == {"Restate": 2.0}
