"""`python -m stepgraph` is `stepgraph`."""

from stepgraph.cli.main import main

if __name__ == "__main__":
    main()
