"""Random workflow documents: every step type that needs no network and scripted calls, in blocks within blocks.

A call is an HTTP_REQUEST whose `query` says how it goes: `fails` attempts fail, `fatal` ones are not worth a retry, and
each takes `seconds`. Documents are plain, as an author would write them, and pass every check.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.builders import SERVICE, a_document, step

Step = dict[str, Any]
Draw = Callable[..., Any]

ITEMS = [
    {"v": 1, "fails": 0, "good": True},
    {"v": 2, "fails": 2, "good": False},
    {"v": 3, "fails": 0, "good": True},
    {"v": 4, "fails": 9, "good": False},
    {"v": 5, "fails": 1, "good": True},
]
INPUT = {"items": ITEMS, "n": 7}

_DEPTH = 3
_FLAT = ("transform", "transform", "call", "call", "wait", "validate")
_NESTED = ("choose", "fan", "loop")


@dataclass(frozen=True)
class _Place:
    """A place in a document that something is drawn for: its depth, and the steps and items that may be read there."""

    depth: int = 0
    readable: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    is_handler: bool = False


@dataclass
class _Author:
    """Writes one document. `ids` are used once in a document, `ticks` make no two timeouts alike."""

    draw: Draw
    steps_left: int
    ids: int = 0
    ticks: int = 0
    with_time: bool = True
    made: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        steps = self.block(_Place(), most=5)
        members: dict[str, Any] = {}
        ids = [each["id"] for each in steps]
        if self.chance(2):
            members["output"] = f"[{', '.join(f'steps.{id}.output' for id in ids)}]"
        if self.chance(3):
            members["onFailure"] = self.block(_Place(depth=1, is_handler=True), most=2)
        if self.with_time and self.chance(6):
            members["timeout"] = self.timeout(2, 12)
        return a_document(steps=steps, **members)

    def chance(self, of: int) -> bool:
        """True once in `of` times; False is the simplest."""
        return bool(self.draw(st.integers(0, of - 1)) == of - 1)

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(values))

    def block(self, place: _Place, *, most: int) -> list[Step]:
        """The steps of a block in document order; each may depend on those before it."""
        size = self.draw(st.integers(1, most))
        steps: list[Step] = []
        before: dict[str, tuple[str, ...]] = {}
        for _ in range(size):
            id = f"s{self.ids}"
            self.ids += 1
            known = list(before)
            members: dict[str, Any] = {}
            after: Sequence[str] = known[-1:]
            if known and self.chance(2):
                after = self.draw(st.lists(st.sampled_from(known), unique=True, max_size=2))
                members["dependsOn"] = list(after)
            ancestors = tuple(dict.fromkeys(other for each in after for other in (*before[each], each)))
            before[id] = ancestors
            here = replace(place, readable=(*place.readable, *ancestors))
            steps.append(self.step(id, here) | members)
        return steps

    def step(self, id: str, place: _Place) -> Step:
        self.steps_left -= 1
        kinds = _FLAT if place.depth >= _DEPTH or self.steps_left <= 0 else (*_FLAT, *_NESTED, *_NESTED)
        written: Step = getattr(self, self.one_of(kinds))(id, place)
        if self.chance(6):
            written["when"] = self.condition(place)
        if self.with_time and self.chance(10):
            written["timeout"] = self.timeout(0, 5)
        self.handle(written, place)
        return written

    def handle(self, written: Step, place: _Place) -> None:
        match self.draw(st.integers(0, 5)):
            case 4:
                written["onError"] = {"continue": True}
            case 5 if place.depth < _DEPTH:
                inner = replace(place, depth=place.depth + 1, is_handler=True)
                written["onError"] = {"steps": self.block(inner, most=2)}

    def timeout(self, shortest: int, longest: int) -> str:
        self.ticks += 1
        seconds = self.draw(st.integers(shortest, longest))
        return f"PT{seconds}.{self.ticks:03}7S"

    def transform(self, id: str, place: _Place) -> Step:
        return step(id, "DATA_TRANSFORM", {"expression": self.value(place)})

    def call(self, id: str, place: _Place) -> Step:
        fails: Any = self.one_of([0, 0, 0, 1, 2, 9])
        if place.items and self.chance(2):
            fails = f"{{{{ {place.items[0]}.fails }}}}"
        query = {
            "fails": fails,
            "fatal": self.chance(5),
            "seconds": self.one_of([0, 0, 1, 2] if self.with_time else [0]),
        }
        members: dict[str, Any] = {}
        if self.chance(2):
            delay = f"PT{self.draw(st.integers(1, 3))}S" if self.with_time else "PT0.001S"
            members["retry"] = {"strategy": "FIXED", "delay": delay, "maxAttempts": self.draw(st.integers(1, 4))}
            members["retry"]["jitter"] = "NONE"
            if self.chance(3):
                members["retry"]["when"] = self.one_of(["error.status = 503", "attempt < 2", "input.n > 7"])
        return step(id, "HTTP_REQUEST", {"url": SERVICE, "query": query}, **members)

    def wait(self, id: str, place: _Place) -> Step:
        return step(id, "WAIT", {"duration": f"PT{self.draw(st.integers(1, 4))}S" if self.with_time else "PT0.001S"})

    def validate(self, id: str, place: _Place) -> Step:
        rules = [{"rule": self.condition(place), "message": "{{ input.n }} is not it"}]
        return step(id, "VALIDATION", {"rules": rules, "schema": self.one_of([True, {"type": "object"}])})

    def choose(self, id: str, place: _Place) -> Step:
        config: dict[str, Any] = {"if": self.condition(place), "then": self.inner(place)}
        if self.chance(2):
            config["else"] = self.inner(place)
        return step(id, "CONDITIONAL", config)

    def fan(self, id: str, place: _Place) -> Step:
        names = ["a", "b", "c"][: self.draw(st.integers(1, 3))]
        config: dict[str, Any] = {"branches": [{"name": name, "steps": self.inner(place)} for name in names]}
        config["join"] = self.one_of(["ALL", "SETTLED", "ANY"])
        if self.chance(2):
            config["maxConcurrency"] = self.draw(st.integers(1, 2))
        return step(id, "PARALLEL", config)

    def loop(self, id: str, place: _Place) -> Step:
        name = f"item{len(place.items)}"
        inner = replace(place, depth=place.depth + 1, items=(name, *place.items))
        steps = self.block(inner, most=2)
        # The items that fail are some of those that there are, and all that a nested loop would repeat are few.
        items = self.one_of(["input.items", "input.items[v < 3]", "[]"] if not place.items else ["input.items[v > 3]"])
        config: dict[str, Any] = {"items": items, "as": name, "steps": steps}
        config["maxConcurrency"] = self.one_of([1, 2, 20])
        config["toleratedFailures"] = self.one_of([0, 1, 5])
        if self.chance(3):
            config["toleratedFailurePercent"] = 50
        if self.chance(2):
            config["output"] = self.one_of(
                [f"{{'v': {name}.v, 'of': steps.{steps[-1]['id']}.output}}", f"{name}.good.x"]
            )
        return step(id, "FOR_EACH", config)

    def inner(self, place: _Place) -> list[Step]:
        return self.block(replace(place, depth=place.depth + 1), most=2)

    def condition(self, place: _Place) -> str:
        choices = ["input.n = 7", "input.n = 7", "input.n > 7"]
        choices += [f"{name}.good" for name in place.items]
        choices += [f"steps.{id}.status = 'COMPLETED'" for id in place.readable[-2:]]
        if self.chance(8):
            choices = ["input.nope"]
        return str(self.one_of(choices))

    def value(self, place: _Place) -> str:
        choices = ["input.n", "input.n + 1", "attempt"]
        choices += [f"steps.{id}.output" for id in place.readable[-3:]]
        choices += [f"steps.{id}.status" for id in place.readable[-1:]]
        choices += [f"{{'v': {name}.v, 'i': index}}" for name in place.items]
        if place.is_handler:
            choices += ["error.code", "error.path"]
        if self.chance(8):
            choices = ["input.nope.x"]
        return str(self.one_of(choices))


@st.composite
def documents(draw: st.DrawFn, *, with_time: bool = True) -> dict[str, Any]:
    """A document without problems. `with_time`: with waits, delays and timeouts that are worth speaking of."""
    return _Author(draw, draw(st.integers(1, 14)), with_time=with_time).document()
