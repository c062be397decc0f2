"""The jobs of a process that runs tests, one after the other, on one event loop whose time is skipped."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from actors.sandbox.here import SandboxHere
from actors.sandbox.work import Work
from actors.workflow_tests.codec import BROKEN, EXCEEDED, Part, decode_job, encode_job, encode_result
from actors.workflow_tests.mocked_steps import TooManySteps
from actors.workflow_tests.running import run_test
from actors.workflow_tests.skipped_time import SkippingLoop
from domain.kernel.errors import LimitExceeded, StepgraphError
from domain.kernel.json.text import JsonValue, loads
from domain.kernel.limits import Limits
from domain.workflow_tests.model import MAX_RESULT_BYTES, MAX_STEPS, WorkflowTestJob

_PROGRAMS = 1_000
_SCHEMAS = 100
_LONGEST_LISTED = 64 * 2**10
_EVERYTHING = Path(__file__).with_name("everything.json")


class Jobs:
    """Runs jobs. `is_over` once a test was given up in the middle, and left tasks behind."""

    def __init__(self) -> None:
        work = Work(_PROGRAMS, _SCHEMAS, _LONGEST_LISTED)
        work.warm_up()
        self._sandbox = SandboxHere(work)
        self._loop = SkippingLoop()
        asyncio.set_event_loop(self._loop)
        self.is_over = False

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()

    def warm_up(self) -> None:
        """Run a test of everything once, so that nothing is left to be loaded from a file."""
        job = WorkflowTestJob(
            document=cast("Mapping[str, JsonValue]", loads(_EVERYTHING.read_bytes())),
            input={"items": list(range(401))},
            mocks={"call": [{"failure": {"status": 503}}, {"output": {"body": 1}}], "approve": {"payload": 1}},
            now=datetime.now(UTC),
            limits=Limits(),
            max_output_bytes=1_000_000,
        )
        for kind, part in self.answer(encode_job(job)):
            if kind in {EXCEEDED, BROKEN}:
                raise RuntimeError(part.decode())

    def answer(self, text: bytes) -> Iterator[Part]:
        """The parts of a result, or the one reason why there is none."""
        try:
            result = self._loop.run_until_complete(run_test(decode_job(text), self._loop, self._sandbox))
        except TooManySteps:
            yield self._given_up(EXCEEDED, f"it runs more than {MAX_STEPS:,} steps")
            return
        except LimitExceeded as error:
            yield self._given_up(EXCEEDED, str(error))
            return
        except MemoryError:
            raise
        except Exception as error:
            shown = str(error) if isinstance(error, StepgraphError) else f"{type(error).__name__}: {error}"
            yield self._given_up(BROKEN, shown)
            return
        size = 0
        for part in encode_result(result):
            size += len(part[1])
            if size > MAX_RESULT_BYTES:
                yield EXCEEDED, f"its executions, steps and calls have more than {MAX_RESULT_BYTES:,} bytes".encode()
                return
            yield part

    def _given_up(self, kind: bytes, reason: str) -> Part:
        """The reason why there is no result. The tasks that are left are cancelled, and no other test is run."""
        self.is_over = True
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
        return kind, reason.encode(errors="replace")
