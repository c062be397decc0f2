"""Stand-ins for the integers that the engine of JSONata would round, and functions that know them.

Before an evaluation, each number from 2^53 on gets a stand-in: another number from there on, which floating point has,
in the same order and with the same sign. The engine passes stand-ins on, compares, sorts and groups them like any
number, and stand-ins in its result are put back. Operations that depend on a number's amount are replaced by functions
that put it back first, or refuse: nothing is ever computed from a stand-in.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jlens

from domain.expressions.language.large_integers import LIMIT
from domain.expressions.language.literals import LargeLiteral
from domain.expressions.language.rewriting import LITERAL, OPERAND, RESULT, STRING, TEXT, Rewritten
from domain.kernel.json.text import JsonValue

#: The functions that make numbers: name and signature.
_MAKING: Final = {
    "sum": "<a<n>:n>",
    "average": "<a<n>:n>",
    "number": "<(nsb)-:n>",
    "power": "<n-n:n>",
    "parseInteger": "<s-s:n>",
}
#: Those that take them for what they amount to. All others only pass them on or compare them.
_TAKING: Final = {
    "sqrt": "<n-:n>",
    "round": "<n-n?:n>",
    "formatNumber": "<n-so?:s>",
    "formatBase": "<n-n?:s>",
    "formatInteger": "<n-s:s>",
    "fromMillis": "<n-s?s?:s>",
}

_LARGE, _WRITTEN, _OWN_STRING = "·large", "·written", "·ownString"
#: `$string` itself takes one parameter when it is handed to a function, and the second only in a call.
_PROLOGUE: Final = (
    f"${_OWN_STRING} := $string; "
    f"${TEXT} := function($v) {{ ${_LARGE}($v) ? ${_WRITTEN}($v) : $v }}; "
    f"$string := function($v)<x-:s> {{ ${_LARGE}($v) ? ${_WRITTEN}($v) : ${_OWN_STRING}($v) }}; "
    f"${STRING} := function($v, $p)<x-b?:s> "
    f"{{ ${_LARGE}($v) ? ${_WRITTEN}($v, $p) : ${_OWN_STRING}($v, $p) }}; "
)
_INTEGER = re.compile(r"-?[0-9]+")
_SHORT = re.compile(r"-?[0-9]{1,15}")
_DIGITS = re.compile(r"[0-9]{16,}")
_MARK = "\ufdd0"  # is no character, and stands in no text that means anything
_MARKED = re.compile(f'"{_MARK}(-?[0-9]+)"')


class IntegerError(Exception):
    """An integer beyond 2^53 would have been rounded. The message is a clause that ends a sentence."""

    def __init__(self) -> None:
        super().__init__(
            "an integer beyond 2^53 would be rounded here, as JSONata computes in floating point. Such integers can be "
            "passed on, compared, sorted and written into texts, but not computed with."
        )


class StandIns:
    """The stand-ins for some numbers and for literals of an expression, in both signs.

    A literal that is given back as floating point is the same as a number that is what it is rounded to. Raises
    `IntegerError` where an integer stands between the two.
    """

    __slots__ = ("_numbers", "_stand_ins")

    def __init__(self, numbers: Collection[int | float] = (), literals: Collection[LargeLiteral] = ()) -> None:
        written = {abs(int(number)): abs(number) for number in sorted(numbers, key=lambda each: type(each) is int)}
        rounded: dict[int, int] = {}
        for number, given_back in sorted(literals, key=lambda each: type(each.given_back) is float):
            size, nearest = int(number), int(given_back)
            if size == nearest or type(written.get(nearest)) is not float:
                written[size] = written.get(size, given_back) if type(given_back) is float else given_back
                continue
            between = range(min(size, nearest), max(size, nearest) + 1)
            if any(type(other) is int and other in between for other in written.values()):
                raise IntegerError
            rounded[size] = nearest
        self._stand_ins = {size: LIMIT + 2 * rank for rank, size in enumerate(sorted(written))}
        self._numbers = {stand_in: written[size] for size, stand_in in self._stand_ins.items()}
        self._stand_ins |= {size: self._stand_ins[nearest] for size, nearest in rounded.items()}

    def stand_in(self, number: float) -> int:
        """The stand-in for a number. Raises `IntegerError` for one from 2^53 on that was not given."""
        found = self._stand_ins.get(abs(int(number)))
        if found is None:
            raise IntegerError
        return found if number > 0 else -found

    def number(self, stand_in: float) -> int | float:
        """The number that a stand-in stands for. Raises `IntegerError` where it stands for none."""
        found = self._numbers.get(abs(int(stand_in)))
        if found is None:
            raise IntegerError
        return found if stand_in > 0 else -found

    def hidden(self, value: Any) -> Any:
        """The value with its large numbers replaced by stand-ins."""
        return with_large_numbers(value, self.stand_in)

    def restored(self, value: Any) -> Any:
        """The value with its stand-ins replaced by the numbers. Raises `IntegerError`."""
        return with_large_numbers(value, self.number)

    def described(self, message: str) -> str:
        """A message of the engine with its stand-ins replaced by the numbers."""
        if OPERAND in message:
            return "An operator that computes takes numbers, and nothing else."

        def number(match: "re.Match[str]") -> str:
            found = self._numbers.get(int(match[0]))
            return match[0] if found is None else str(found)

        return _DIGITS.sub(number, message)


_PLAIN = frozenset((int, float, str, bool, type(None)))
"""Classes of values that contain no others: a quick test that a value is no Mapping."""


def with_large_numbers(value: Any, replace: Callable[[Any], Any]) -> Any:
    """The value with every number from 2^53 on replaced."""
    if isinstance(value, list | tuple):
        return [with_large_numbers(item, replace) for item in value]
    if isinstance(value, dict) or (value.__class__ not in _PLAIN and isinstance(value, Mapping)):
        return {name: with_large_numbers(member, replace) for name, member in value.items()}
    return replace(value) if _is_large(value) and value - value == 0 else value


def guarded(source: str) -> jlens.Expression:
    """A rewritten expression whose integers are all below 2^53 as long as it does not raise `IntegerError`."""
    compiled = jlens.Expression(source)
    functions = _Functions(StandIns())
    compiled.register_function(RESULT, functions.result, "<n:n>")
    for name, signature in _MAKING.items():
        compiled.register_function(name, functions.by_name(name), signature)
    return compiled


def exact(source: str, stand_ins: StandIns) -> jlens.Expression:
    """A rewritten expression for data that hold stand-ins; it takes `literals_of` for bindings."""
    compiled = jlens.Expression(f"({_PROLOGUE}{source}\n)")
    functions = _Functions(stand_ins)
    compiled.register_function(RESULT, functions.result, "<n:n>")
    compiled.register_function(OPERAND, functions.result, "<n:n>")
    compiled.register_function(_LARGE, functions.holds_large)
    compiled.register_function(_WRITTEN, functions.written)
    for name, signature in (_MAKING | _TAKING).items():
        compiled.register_function(name, functions.by_name(name), signature)
    return compiled


def literals_of(expression: Rewritten, stand_ins: StandIns) -> dict[str, Any]:
    """The bindings for an expression that was made `exact`: its literals by their variables."""
    return {f"{LITERAL}{index}": stand_ins.stand_in(each.number) for index, each in enumerate(expression.literals)}


class _Functions:
    """The functions registered with the engine in place of its own. None stands for no value."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins

    def by_name(self, name: str) -> Callable[..., Any]:
        own: Mapping[str, Callable[..., Any]] = {"sum": self._sum, "number": self._number}
        return own.get(name) or (lambda *arguments: self._call(name, arguments))

    def result(self, number: float | None) -> float | None:
        """The result of a computation, checked to be no stand-in and not rounded. Raises `IntegerError`."""
        if number is None or -LIMIT < number < LIMIT:
            return number
        raise IntegerError

    def holds_large(self, value: Any) -> bool:
        pending = [value]
        while pending:
            item = pending.pop()
            if isinstance(item, dict | list):
                pending += item.values() if isinstance(item, dict) else item
            elif _is_large(item):
                return True
        return False

    def written(self, value: Any, is_pretty: bool | None = None) -> JsonValue:
        """The text of a value that holds stand-ins."""
        if _is_large(value):
            return self._text(value)
        marked = with_large_numbers(value, lambda stand_in: f"{_MARK}{stand_in:.0f}")
        text = _native("string", 2).evaluate(None, {"a0": marked, "a1": bool(is_pretty)})
        return _MARKED.sub(lambda match: self._text(int(match[1])), text)

    def _text(self, stand_in: float) -> str:
        number = self._stand_ins.number(stand_in)
        return str(number) if type(number) is int else str(_native("string", 1).evaluate(None, {"a0": number}))

    def _sum(self, numbers: Sequence[float] | None) -> JsonValue:
        if numbers is None:
            return None
        if any(type(number) is float for number in numbers):
            total = 0.0
            for number in numbers:
                self.result(number)
                total += number
                self.result(total)
            return total
        amounts = [self._stand_ins.number(each) if _is_large(each) else each for each in numbers]
        if any(type(amount) is float for amount in amounts):
            raise IntegerError
        return self._made(int(sum(amounts)))

    def _number(self, value: Any) -> Any:
        if value is None or (_is_large(value) and not isinstance(value, str)):
            return value
        if isinstance(value, str) and _SHORT.fullmatch(value):
            return int(value)
        number = _native("number", 1).evaluate(None, {"a0": value})
        if isinstance(value, str) and _is_large(number):
            if _INTEGER.fullmatch(value) is None:
                raise IntegerError
            return self._made(int(value))
        return self._checked(number)

    def _call(self, name: str, arguments: Sequence[Any]) -> Any:
        if arguments and arguments[0] is None:
            return None
        given = {f"a{index}": each for index, each in enumerate(arguments) if each is not None}
        if any(map(self.holds_large, given.values())):
            raise IntegerError
        if name == "average":
            self._sum(arguments[0])
        count = int(max(given)[1:]) + 1
        return self._checked(_native(name, count).evaluate(None, given))

    def _made(self, number: int) -> int:
        return number if -LIMIT < number < LIMIT else self._stand_ins.stand_in(number)

    def _checked(self, value: Any) -> Any:
        if _is_large(value):
            raise IntegerError
        return value


@lru_cache(maxsize=64)
def _native(name: str, count: int) -> jlens.Expression:
    """The engine's own function of that name, called with the variables `$a0`, `$a1` …"""
    return jlens.Expression(f"${name}({', '.join(f'$a{index}' for index in range(count))})")


def _is_large(value: Any) -> bool:
    return (value.__class__ is int or value.__class__ is float) and not -LIMIT < value < LIMIT
