"""YAML from files: its values, once it is known that they are not far more than the file holds.

An alias (`*name`) repeats what an anchor (`&name`) has named, and merges (`<<`) copy it. A few lines of aliases to
aliases stand for more than any memory holds, so what is written out is counted before anything is made of it.
"""

import yaml

from domain.kernel.json.text import JsonValue

MAX_CHARACTERS = 10_000_000
"""The most characters of a file, and of its values with every alias written out."""

_LEFT_OUT = "write out less of it, or use fewer aliases (*name)."


def yaml_values(text: str) -> list[JsonValue]:
    """The documents of a YAML text. Raises `ValueError` with a sentence for what is no YAML or comes to too much."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it has {len(text):,} characters, and {MAX_CHARACTERS:,} are allowed.")
    try:
        return list(_values(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply.") from error


def _values(text: str) -> list[JsonValue]:
    loader = yaml.SafeLoader(text)
    try:
        values: list[JsonValue] = []
        left = MAX_CHARACTERS
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            left -= _size(node, {})
            if left < 0:
                raise ValueError(
                    f"with its aliases written out it has more than {MAX_CHARACTERS:,} characters: {_LEFT_OUT}"
                )
            values.append(loader.construct_document(node))
        return values
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[int, int | None]) -> int:
    """The characters and values of a node with all aliases written out; each node is measured once."""
    known = sizes.get(id(node), 0)
    if known is None:
        raise ValueError("an alias stands within what it repeats, so that it never ends.")
    if known:
        return known
    sizes[id(node)] = None
    size = 1
    if isinstance(node, yaml.ScalarNode):
        size += len(node.value)
    elif isinstance(node, yaml.MappingNode):
        size += sum(_size(key, sizes) + _size(value, sizes) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(item, sizes) for item in node.value)
    sizes[id(node)] = size
    return size
