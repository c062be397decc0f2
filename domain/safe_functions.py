"""The functions of JSONata that an expression of the safe class may call.

Each costs no more than its arguments are long, times the logarithm of that for `$sort`, measured up to 80,000 items.
Not among them: `$keys` and `$distinct`, whose cost is the square of that; `$replace`, which builds its result before it
checks the length; `$match`, for regular expressions; `$eval`; and all that take functions.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeFunction:
    """`gives_scalar`: the result is a single number, string, boolean or null, whatever the arguments are.

    `max_data`: so many arguments may be any expression. Further ones must be literal strings of at most
    `MAX_PICTURE` characters: they are pictures, and a picture such as `[Y,9999]` is a program that writes text.
    `is_indifferent`: it does not look inside its argument, however much that is.
    """

    gives_scalar: bool = True
    max_data: int = 4
    is_indifferent: bool = False


MAX_PICTURE: Final = 64

_SCALAR = SafeFunction()
_DATA = SafeFunction(gives_scalar=False)
_INDIFFERENT = SafeFunction(is_indifferent=True)

SAFE_FUNCTIONS: Final = {
    "$abs": _SCALAR,
    "$append": _DATA,
    "$average": _SCALAR,
    "$base64decode": _SCALAR,
    "$base64encode": _SCALAR,
    "$boolean": _SCALAR,
    "$ceil": _SCALAR,
    "$contains": _SCALAR,
    "$count": _INDIFFERENT,
    "$decodeUrl": _SCALAR,
    "$decodeUrlComponent": _SCALAR,
    "$encodeUrl": _SCALAR,
    "$encodeUrlComponent": _SCALAR,
    "$exists": _INDIFFERENT,
    "$floor": _SCALAR,
    "$formatBase": _SCALAR,
    "$formatNumber": SafeFunction(max_data=1),
    "$fromMillis": SafeFunction(max_data=1),
    "$join": _SCALAR,
    "$length": _SCALAR,
    "$lookup": _DATA,
    "$lowercase": _SCALAR,
    "$max": _SCALAR,
    "$merge": _DATA,
    "$millis": _SCALAR,
    "$min": _SCALAR,
    "$not": _SCALAR,
    "$now": SafeFunction(max_data=0),
    "$number": _SCALAR,
    "$pad": _SCALAR,
    "$power": _SCALAR,
    "$random": _SCALAR,
    "$reverse": _DATA,
    "$round": _SCALAR,
    "$sort": _DATA,
    "$split": _DATA,
    "$sqrt": _SCALAR,
    "$string": _SCALAR,
    "$substring": _SCALAR,
    "$substringAfter": _SCALAR,
    "$substringBefore": _SCALAR,
    "$sum": _SCALAR,
    "$toMillis": SafeFunction(max_data=1),
    "$trim": _SCALAR,
    "$type": _SCALAR,
    "$uppercase": _SCALAR,
}
