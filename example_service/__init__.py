"""The bundled example service: a small HTTP API to run workflows against, with every misbehaviour worth a test.

`python -m example_service --port 0` prints its URL on one line and serves until it is told to stop; tests
use `async with ExampleService() as service`. It needs the standard library alone and answers in about ten
microseconds, so that what a benchmark measures is the orchestrator.
"""

from example_service.service import ExampleService

__all__ = ["ExampleService"]
