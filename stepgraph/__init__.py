"""The composition root: settings, command line, and the one place that knows every concrete class."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stepgraph")
except PackageNotFoundError:  # run from a tree that is not installed
    __version__ = "0.0.0"
