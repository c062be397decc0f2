"""YAML from files: aliases are a convenience, and no way to fill the memory."""

import pytest

from stepgraph.cli.kit.yaml_text import MAX_CHARACTERS, yaml_values
from tests.costs import least_seconds


def tower(levels: int, width: int, line: str) -> str:
    """Aliases to aliases: each level stands for `width` of the one before."""
    lines = ["a0: &a0 [lol, lol]" if "[" in line else "a0: &a0 {k: lol}"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} " + line.replace("ALIASES", aliases))
    return "\n".join(lines)


BOMBS = {
    "lists": tower(10, 10, "[ALIASES]"),
    "a chain of pairs": tower(60, 2, "[ALIASES]"),
    "merges": tower(40, 2, "{<<: [ALIASES]}"),
    "a long text": f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1_000)}]",
    "in the second document": "a: 1\n---\n" + tower(12, 9, "[ALIASES]"),
    "many documents": "---\n".join([tower(6, 9, "[ALIASES]") + "\n"] * 40),
    "keys": "a: &a " + "k" * 10_000 + "\nb: [" + ", ".join("{*a : 1}" for _ in range(2_000)) + "]",
    "itself": "&a [*a]",
    "itself within a mapping": "a: &a {b: {c: *a}}",
    "two of each other": "&a {b: &b {c: *a}, d: *b}",
    "depth": "[" * 5_000,
    "depth in blocks": "\n".join(" " * level + "a:" for level in range(2_000)),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_file_that_comes_to_far_more_than_it_holds_is_refused_at_once(text: str) -> None:
    def refuse() -> None:
        with pytest.raises(ValueError, match=r"written out|never ends|nested too deeply"):
            yaml_values(text)

    assert least_seconds(refuse, enough=1.5) < 1.5  # mostly for reading 100 kB of text


def test_the_bomb_of_half_a_kilobyte_is_refused_within_milliseconds() -> None:
    def refuse() -> None:
        with pytest.raises(ValueError, match="with its aliases written out it has more than"):
            yaml_values(BOMBS["lists"])

    assert least_seconds(refuse, enough=0.1) < 0.1


def test_a_file_that_is_too_long_is_refused_before_it_is_read() -> None:
    def refuse() -> None:
        with pytest.raises(ValueError, match=f"{MAX_CHARACTERS:,} are allowed"):
            yaml_values("a" * (MAX_CHARACTERS + 1))

    assert least_seconds(refuse, enough=0.1) < 0.1


def test_aliases_and_merges_work_as_they_are_meant() -> None:
    text = """
    defaults: &defaults {retry: {maxAttempts: 3}, timeout: PT5S}
    steps:
      - {<<: *defaults, id: a}
      - {<<: *defaults, id: b, timeout: PT9S}
    again: *defaults
    """
    defaults = {"retry": {"maxAttempts": 3}, "timeout": "PT5S"}
    assert yaml_values(text) == [
        {
            "defaults": defaults,
            "steps": [{**defaults, "id": "a"}, {**defaults, "id": "b", "timeout": "PT9S"}],
            "again": defaults,
        }
    ]


def test_every_document_of_a_file_is_read_and_what_is_no_yaml_says_where() -> None:
    assert yaml_values("a: 1\n---\nb: [2]\n---\n") == [{"a": 1}, {"b": [2]}, None]
    with pytest.raises(ValueError, match="line 1"):
        yaml_values("a: [")
