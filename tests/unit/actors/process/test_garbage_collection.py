"""A process that stays searches no more for garbage than what has come since it began."""

import json
import subprocess
import sys
from typing import Any

READING = """
import gc, json
import orjson
from actors.process.garbage_collection import freeze_loaded_objects
kept = [[number] for number in range(50_000)]
freeze_loaded_objects(allocations=10_000)
collections = []
gc.callbacks.append(lambda phase, info: collections.append(phase))
value = orjson.loads(orjson.dumps([{}] * 100_000))
print(json.dumps([gc.get_freeze_count(), collections.count("start")]))
"""
CYCLE = """
import gc, json, weakref
from actors.process.garbage_collection import freeze_loaded_objects
class Cycle: pass
gc.disable()
freeze_loaded_objects(allocations=1_000)
one = Cycle(); one.own = one; gone = weakref.ref(one); del one
kept = [[] for _ in range(2_000)]
print(json.dumps(gone() is None))
"""


def said_by(program: str) -> Any:
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return json.loads(said)


def test_reading_a_large_text_hardly_searches_and_never_what_was_loaded_before() -> None:
    frozen, collections = said_by(READING)
    assert frozen > 50_000
    assert collections <= 12  # without, a hundred and forty


def test_garbage_in_cycles_is_still_found_also_where_none_was_sought_before() -> None:
    assert said_by(CYCLE) is True
