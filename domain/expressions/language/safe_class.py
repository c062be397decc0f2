"""The class of expressions that may be evaluated inside the process: those whose cost is known to stay near their data.

The engine counts its steps and looks at the clock between them, so whatever is *built* piece by piece is paid for and
stopped in time. Inside one operation it does not look, though, and *referring* to data is free: in
`$abs(items.($$.order))` a thousand references to one order become a thousand orders when the failure is reported,
and ten seconds and gigabytes go by in a single step. So this reads an expression and adds up how often the same data
may occur in a value: its weight. Values of a small weight may go anywhere. Heavier ones may only become the result
(whose size the engine checks while it writes it), a part of an array or object, or be counted. The grammar here is an
allow-list: what it does not know is not safe.

Binding powers are those of the language's reference parser.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.expressions.language.safe_functions import MAX_PICTURE, SAFE_FUNCTIONS, SafeFunction
from domain.expressions.language.tokens import Kind, Token, TokenReader

MAX_TOKENS: Final = 1_000
MAX_NESTING: Final = 64

#: How many times over the data may be handed to an operation that goes through all of it in one step.
MAX_OPERAND: Final = 8

_HEAVY = 2**60
_NEGATION_POWER = 70
_BINDING_POWER: Final = {
    "?": 20,
    "or": 25,
    "and": 30,
    **dict.fromkeys(("=", "!=", "<", ">", "<=", ">=", "in", "?:", "??"), 40),
    **dict.fromkeys(("&", "+", "-"), 50),
    **dict.fromkeys(("*", "/", "%"), 60),
    ".": 75,
    **dict.fromkeys(("[", "("), 80),
}
_LITERAL_NAMES = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Weight:
    """A bound on the size of a value, unfolded.

    At most `local` times the value of `$` at its place, and `outer` times all data; no single item of it comes to more
    than `item` times all data. `Weight()` is a single scalar, and nothing else is that light.
    """

    local: int = 0
    outer: int = 0
    item: int = 0

    @property
    def is_scalar(self) -> bool:
        return self.local == 0 == self.outer

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(self.local + other.local, self.outer + other.outer, max(self.item, other.item))


_SCALAR = Weight()


class _NotSafeError(Exception):
    """The expression is outside of the safe class."""


def is_safe(tokens: Sequence[Token]) -> bool:
    """True when it may be evaluated inside the process; `tokens` are those of a source that the engine has accepted."""
    if len(tokens) > MAX_TOKENS:
        return False
    try:
        return _Reader(tokens).is_read_to_the_end()
    except _NotSafeError:
        return False


class _Reader(TokenReader):
    """A top-down operator precedence parser that computes weights in place of syntax trees.

    `_context` is the weight of `$` at the place that is being read.
    """

    __slots__ = ("_context", "_depth")

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens, _NotSafeError)
        self._depth = 0
        self._context = 1

    def is_read_to_the_end(self) -> bool:
        self._expression(0)
        return self._is_at_end

    def _expression(self, binding_power: int) -> Weight:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise _NotSafeError
        weight = self._operand()
        while (operator := self._peek_operator()) and _BINDING_POWER.get(operator, 0) > binding_power:
            self._position += 1
            weight = self._infix(operator, weight)
        self._depth -= 1
        return weight

    def _operand(self) -> Weight:
        token = self._take()
        match token.kind, token.text:
            case Kind.NUMBER, _:
                return _SCALAR
            case Kind.STRING, _:
                return self._part_of_context() if self._is_name_in_path() else _SCALAR
            case (Kind.QUOTED_NAME, _) | (Kind.VARIABLE, "$"):
                return self._part_of_context()
            case Kind.NAME, name if name.isidentifier() and self._peek() != "(":
                return _SCALAR if name in _LITERAL_NAMES else self._part_of_context()
            case Kind.VARIABLE, "$$":
                return Weight(outer=1, item=1)
            case Kind.VARIABLE, name if self._peek() == "(":
                return self._call(SAFE_FUNCTIONS.get(name))
            case Kind.OPERATOR, "-":
                return self._scalar_of(self._expression(_NEGATION_POWER))
            case Kind.OPERATOR, "(":
                weight = self._expression(0)
                self._expect(")")
                return weight
            case Kind.OPERATOR, "[":
                return self._built(self._list("]", lambda: self._expression(0)))
            case Kind.OPERATOR, "{":
                return self._built(self._list("}", self._member))
        raise _NotSafeError

    def _infix(self, operator: str, left: Weight) -> Weight:
        match operator:
            case ".":
                return self._mapped(left)
            case "[":
                return self._filtered(left)
            case "?":
                self._require_operand(left)
                chosen = self._expression(0)
                if self._peek() == ":":
                    self._position += 1
                    chosen += self._expression(0)
                return chosen
            case "?:":
                self._require_operand(left)
                return left + self._expression(0)
            case "??":
                return left + self._expression(0)
            case "(":  # a call of anything but a function by its name
                raise _NotSafeError
        self._require_operand(left)
        return self._scalar_of(self._expression(_BINDING_POWER[operator]))

    def _mapped(self, left: Weight) -> Weight:
        """The weight of the right side for each item of the left."""
        right = self._within(left, lambda: self._expression(_BINDING_POWER["."]))
        # One scalar for each item is many, but no more than there are items.
        local = max(right.local, 1)
        # Data outside of an item that it refers to come again with every item.
        outer = _HEAVY if right.outer else left.outer * local
        return Weight((1 if left.is_scalar else left.local) * local, outer, right.item)

    def _filtered(self, left: Weight) -> Weight:
        """The weight of some items of the left."""
        if self._peek() == "]":
            self._position += 1
            return left
        predicate = self._within(left, self._predicate)
        self._expect("]")
        # A value that is no scalar may turn out to be an array of indexes, which gives an item as often as it names it.
        return left if predicate.is_scalar else Weight(_HEAVY, _HEAVY, left.item)

    def _predicate(self) -> Weight:
        predicate = self._expression(0)
        self._require_operand(predicate)
        return predicate

    def _within(self, left: Weight, read: Callable[[], Weight]) -> Weight:
        around, self._context = self._context, max(left.item, 1)
        weight = read()
        self._context = around
        return weight

    def _call(self, function: SafeFunction | None) -> Weight:
        if function is None:
            raise _NotSafeError
        self._expect("(")
        arguments = self._list(")", lambda: self._expression(0))
        if not function.least <= len(arguments) <= function.most:
            raise _NotSafeError
        if not function.is_indifferent:
            # An argument that is left out is the context.
            for argument in (*arguments, self._part_of_context()):
                self._require_operand(argument)
        if len(arguments) > function.max_data:
            self._require_pictures(len(arguments) - function.max_data)
        if function.gives_scalar:
            return _SCALAR
        weight = self._part_of_context()
        for argument in arguments:
            weight += argument
        return weight

    def _require_pictures(self, count: int) -> None:
        """Check that the last `count` arguments of the call just read are short literals, each a single token."""
        pictures = self._tokens[self._position - 2 * count : self._position : 2]
        around = self._tokens[self._position - 2 * count - 1 : self._position : 2]
        if any(picture.kind is not Kind.STRING or len(picture.text) > MAX_PICTURE for picture in pictures):
            raise _NotSafeError
        if any(sign.kind is not Kind.OPERATOR or sign.text not in ("(", ",", ")") for sign in around):
            raise _NotSafeError

    def _member(self) -> Weight:
        if self._take().kind is not Kind.STRING:
            raise _NotSafeError
        self._expect(":")
        return self._expression(0)

    def _built(self, members: Sequence[Weight]) -> Weight:
        """The weight of an array or an object of these: no scalar, even if they all are, and an item as a whole."""
        local = max(sum(member.local for member in members), 1)
        outer = sum(member.outer for member in members)
        return Weight(local, outer, local * self._context + outer)

    def _list(self, closing: str, item: Callable[[], Weight]) -> list[Weight]:
        weights: list[Weight] = []
        while self._peek() != closing:
            weights.append(item())
            if self._peek() != ",":
                break
            self._position += 1
        self._expect(closing)
        return weights

    def _part_of_context(self) -> Weight:
        return Weight(local=1, item=self._context)

    def _scalar_of(self, operand: Weight) -> Weight:
        self._require_operand(operand)
        return _SCALAR

    def _require_operand(self, weight: Weight) -> None:
        if weight.local * self._context + weight.outer > MAX_OPERAND:
            raise _NotSafeError

    def _is_name_in_path(self) -> bool:
        """True when the string just taken is a step of a path, where the language reads it as a name."""
        before = self._tokens[self._position - 2] if self._position > 1 else None
        return (before is not None and before.text == ".") or self._peek() in (".", "[")
