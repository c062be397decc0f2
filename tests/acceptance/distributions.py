"""Small distributions that tests install by putting a directory on PYTHONPATH."""

from collections.abc import Mapping
from pathlib import Path

KINDS = Path(__file__).with_name("greeting_kind.py")


def install(directory: Path, *, module: str, source: str, kinds: Mapping[str, str]) -> dict[str, str]:
    """A distribution with one module that brings these kinds (`module:name` by kind); returns the environment."""
    site = directory / "site"
    metadata = site / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / f"{module}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.0\n")
    points = "\n".join(f"{name} = {value}" for name, value in kinds.items())
    (metadata / "entry_points.txt").write_text(f"[stepgraph.step_kinds]\n{points}\n")
    return {"PYTHONPATH": str(site)}


def install_greetings(directory: Path) -> dict[str, str]:
    """The distribution of tests/acceptance/greeting_kind.py."""
    kinds = {"GREET": "greeting_kind:GREET", "SUM_UP": "greeting_kind:SUM_UP"}
    return install(directory, module="greeting_kind", source=KINDS.read_text(), kinds=kinds)
