"""The composition root: settings, command line, and the one place that knows every concrete class."""

__version__: str


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: that takes longer than the rest of the command line's help."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("stepgraph")
    except PackageNotFoundError:  # run from a tree that is not installed
        return "0.0.0"
