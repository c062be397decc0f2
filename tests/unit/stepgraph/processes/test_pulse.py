"""The pulse that a process shows its supervisor."""

import os
import subprocess
import sys
from pathlib import Path

SHOW = """
import os
from stepgraph.processes.pulse import BEAT, PULSE_VARIABLE, pulse_of_this_process

for _ in range(3):
    pulse_of_this_process()(BEAT)
print(PULSE_VARIABLE in os.environ)
"""


def shown(variable: str | None, *descriptors: int) -> str:
    """The output of a process that sends three beats."""
    environment = {**os.environ, **({} if variable is None else {"STEPGRAPH_PULSE_FD": variable})}
    ended = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, pass_fds=descriptors, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


def test_each_beat_is_a_byte_and_no_child_inherits_the_number() -> None:
    reading, writing = os.pipe()

    assert shown(str(writing), writing) == "False"
    os.close(writing)
    assert os.read(reading, 100) == b"..."
    os.close(reading)


def test_a_supervisor_that_does_not_read_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while True:
        try:
            os.write(writing, b"." * 4096)
        except BlockingIOError:
            break

    assert shown(str(writing), writing) == "False"
    os.close(reading)
    os.close(writing)


def test_nothing_is_written_where_nobody_listens() -> None:
    with Path(os.devnull).open("wb") as other:
        for variable in (None, "", "nonsense", "999", str(other.fileno())):
            assert shown(variable, other.fileno()) == "False"
