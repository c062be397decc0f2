"""Frozen dataclasses that cost half as much to make: for those of which every step of an execution needs several."""

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

Value = TypeVar("Value")


def fast_init(cls: type[Value]) -> type[Value]:
    """Give a frozen dataclass with slots an `__init__` that writes to the slots; all else about it stays as it is.

    The one that `dataclass` makes calls `object.__setattr__` for each field, which looks its slot up by name once more.
    Raises `TypeError` for a class whose `__init__` does more than keep its arguments.
    """
    found = fields(cls)  # type: ignore[arg-type]
    if not cls.__dataclass_params__.frozen or hasattr(cls, "__post_init__") or not all(each.init for each in found):  # type: ignore[attr-defined]
        raise TypeError(f"{cls.__name__} is no frozen dataclass that only keeps what it is given")
    names: dict[str, Any] = {f"set_{each.name}": getattr(cls, each.name).__set__ for each in found}
    names |= {f"default_{each.name}": each.default for each in found if each.default is not MISSING}
    names |= {f"new_{each.name}": each.default_factory for each in found if each.default_factory is not MISSING}
    positional = [_parameter(each) for each in found if not each.kw_only]
    by_name = [_parameter(each) for each in found if each.kw_only]
    parameters = ", ".join(["self", *positional, *(["*", *by_name] if by_name else [])])
    body = "\n    ".join(f"set_{each.name}(self, {_argument(each)})" for each in found)
    exec(f"def __init__({parameters}):\n    {body}\n", names)  # noqa: S102 - of names of fields, as `dataclass` does
    made = names["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    made.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def _parameter(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return f"{field.name}=default_{field.name}"
    return field.name if field.default_factory is MISSING else f"{field.name}=new_{field.name}"


def _argument(field: Field[Any]) -> str:
    if field.default_factory is MISSING:
        return field.name
    return f"new_{field.name}() if {field.name} is new_{field.name} else {field.name}"
