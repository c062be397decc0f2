"""Commands that are imported when they are asked for: listing and completing their names imports none of them."""

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

Source = tuple[str, str]
"""A command: `module:attribute` of its function, or of a Typer with several commands, and its line of help."""


class LazyGroup(TyperGroup):
    """A group of commands of which only `sources` is known before one is used."""

    sources: ClassVar[dict[str, Source]] = {}
    unlisted: ClassVar[frozenset[str]] = frozenset()
    _is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of `sources`."""
        return [name for name in self.sources if name not in self.unlisted]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now; while all are listed, its name and its line of help."""
        if cmd_name not in self.sources:
            return None
        source, line = self.sources[cmd_name]
        if self._is_listing:
            return TyperCommand(cmd_name, help=line, short_help=line)
        return loaded(cmd_name, source)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the group, without importing its commands."""
        self._is_listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._is_listing = False

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The names that begin so, without importing the commands."""
        self._is_listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._is_listing = False


def loaded(name: str, source: str) -> Any:
    """The command at `module:attribute`, under this name."""
    module, _, attribute = source.partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        group = typer.main.get_group(target)
        group.name = name
        return group
    holder = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    holder.command(name)(target)
    return typer.main.get_command(holder)
