"""Dataclasses with a faster `__init__` behave as they did without it."""

import inspect
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from domain.kernel.fast_values import fast_init


def _declared(decorate: Any) -> Any:
    @decorate
    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        label: str = "origin"
        tags: list[str] = field(default_factory=list)
        scale: float = field(default=1.0, kw_only=True)
        unit: str = field(kw_only=True)

    return Point


_Plain = _declared(lambda cls: cls)
_Fast = _declared(fast_init)


def test_that_it_is_called_as_dataclass_would_have_it() -> None:
    plain, fast = inspect.signature(_Plain), inspect.signature(_Fast)
    assert [(each.name, each.kind) for each in fast.parameters.values()] == [
        (each.name, each.kind) for each in plain.parameters.values()
    ]
    assert [each.default for each in fast.parameters.values() if each.name != "tags"] == [
        each.default for each in plain.parameters.values() if each.name != "tags"
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((1,), {"unit": "m"}), ((1, "a", ["b"]), {"scale": 2.0, "unit": "m"}), ((), {"unit": "m", "x": 3, "tags": []})],
)
def test_that_fields_hold_what_they_are_given_and_their_defaults(arguments: Any, named: Any) -> None:
    assert repr(_Fast(*arguments, **named)) == repr(_Plain(*arguments, **named))


@pytest.mark.parametrize(("arguments", "named"), [((), {"unit": "m"}), ((1,), {}), ((1,), {"unit": "m", "y": 1})])
def test_that_a_call_which_dataclass_refuses_is_refused(arguments: Any, named: Any) -> None:
    for kind in (_Plain, _Fast):
        with pytest.raises(TypeError):
            kind(*arguments, **named)


def test_that_a_factory_makes_a_default_for_each_one_anew() -> None:
    first, second = _Fast(1, unit="m"), _Fast(1, unit="m")
    first.tags.append("a")
    assert second.tags == []


def test_that_it_stays_frozen_comparable_and_replaceable() -> None:
    point = _Fast(1, unit="m")
    with pytest.raises(FrozenInstanceError):
        point.x = 2
    assert replace(point, x=2) == _Fast(2, unit="m") != point


def test_that_classes_whose_init_does_more_are_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        x: int

        def __post_init__(self) -> None:
            """Look at `x`."""

    @dataclass(slots=True)
    class Mutable:
        x: int

    @dataclass(frozen=True, slots=True)
    class Derived:
        x: int
        y: int = field(init=False, default=0)

    for kind in (Checked, Mutable, Derived):
        with pytest.raises(TypeError):
            fast_init(kind)
