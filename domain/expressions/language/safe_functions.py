"""The functions of JSONata that an expression of the safe class may call.

Each costs no more than its arguments are long, times the logarithm of that for `$sort`, measured up to 80,000 items.
Not among them: `$keys` and `$distinct`, whose cost is the square of that; `$replace`, which builds its result before it
checks the length; `$match`, for regular expressions; `$eval`; and all that take functions.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeFunction:
    """The limits of one function. It takes `least` to `most` arguments.

    A call with fewer or more of them fails, and the failure quotes an argument, of any weight: it is not safe.
    `gives_scalar`: the result is a single number, string, boolean or null, whatever the arguments are.
    `max_data`: so many arguments may be any expression. Further ones must be literal strings of at most
    `MAX_PICTURE` characters: they are pictures, and a picture such as `[Y,9999]` is a program that writes text.
    `is_indifferent`: it takes any value, and does not look inside it, however much that is.
    """

    least: int
    most: int
    gives_scalar: bool = True
    max_data: int = 4
    is_indifferent: bool = False


MAX_PICTURE: Final = 64

_CONTEXT_OR_ONE = SafeFunction(least=0, most=1)
_ONE = SafeFunction(least=1, most=1)
_ONE_OR_TWO = SafeFunction(least=1, most=2)
_INDIFFERENT = SafeFunction(least=1, most=1, is_indifferent=True)
_ONE_GIVES_DATA = SafeFunction(least=1, most=1, gives_scalar=False)

SAFE_FUNCTIONS: Final = {
    "$abs": _CONTEXT_OR_ONE,
    "$append": SafeFunction(least=2, most=2, gives_scalar=False),
    "$average": _ONE,
    "$base64decode": _CONTEXT_OR_ONE,
    "$base64encode": _CONTEXT_OR_ONE,
    "$boolean": _CONTEXT_OR_ONE,
    "$ceil": _CONTEXT_OR_ONE,
    "$contains": _ONE_OR_TWO,
    "$count": _INDIFFERENT,
    "$decodeUrl": _CONTEXT_OR_ONE,
    "$decodeUrlComponent": _CONTEXT_OR_ONE,
    "$encodeUrl": _CONTEXT_OR_ONE,
    "$encodeUrlComponent": _CONTEXT_OR_ONE,
    "$exists": _INDIFFERENT,
    "$floor": _CONTEXT_OR_ONE,
    "$formatBase": SafeFunction(least=0, most=2),
    "$formatNumber": SafeFunction(least=1, most=2, max_data=1),
    "$fromMillis": SafeFunction(least=0, most=3, max_data=1),
    "$join": _ONE_OR_TWO,
    "$length": _CONTEXT_OR_ONE,
    "$lookup": SafeFunction(least=1, most=2, gives_scalar=False),
    "$lowercase": _CONTEXT_OR_ONE,
    "$max": _ONE,
    "$merge": _ONE_GIVES_DATA,
    "$millis": SafeFunction(least=0, most=0),
    "$min": _ONE,
    "$not": _CONTEXT_OR_ONE,
    "$now": SafeFunction(least=0, most=2, max_data=0),
    "$number": _CONTEXT_OR_ONE,
    "$pad": SafeFunction(least=1, most=3),
    "$power": _ONE_OR_TWO,
    "$random": SafeFunction(least=0, most=0),
    "$reverse": _ONE_GIVES_DATA,
    "$round": SafeFunction(least=0, most=2),
    "$sort": _ONE_GIVES_DATA,
    "$split": SafeFunction(least=1, most=3, gives_scalar=False),
    "$sqrt": _CONTEXT_OR_ONE,
    "$string": SafeFunction(least=0, most=2),
    "$substring": SafeFunction(least=1, most=3),
    "$substringAfter": _ONE_OR_TWO,
    "$substringBefore": _ONE_OR_TWO,
    "$sum": _ONE,
    "$toMillis": SafeFunction(least=0, most=2, max_data=1),
    "$trim": _CONTEXT_OR_ONE,
    "$type": _ONE,
    "$uppercase": _CONTEXT_OR_ONE,
}
