"""Steps of the workflows that are measured."""

from collections.abc import Mapping
from typing import Any


def http_steps(service_url: str, count: int) -> list[dict[str, Any]]:
    """Calls in sequence, each with a templated URL, whose JSON answers are parsed and stored."""
    config = {"url": f"{service_url}/stock/{{{{ input.sku }}}}"}
    return [{"id": f"call{number}", "type": "HTTP_REQUEST", "config": config} for number in range(count)]


def transform_steps(count: int) -> list[dict[str, Any]]:
    """Transforms in sequence, each of which counts one further than the one before it."""
    sources = ["input.start", *(f"steps.count{number}.output.count" for number in range(count - 1))]
    return [
        {
            "id": f"count{number}",
            "type": "DATA_TRANSFORM",
            "config": {"output": {"count": f"{{{{ {source} + 1 }}}}", "sku": "{{ input.sku }}"}},
        }
        for number, source in enumerate(sources)
    ]


def loop_steps(items: int, step: Mapping[str, Any], *, concurrency: int) -> list[dict[str, Any]]:
    """One loop over the numbers from 1 on, each of whose items has one step."""
    config = {"items": f"[1..{items}]", "steps": [step], "maxConcurrency": concurrency}
    return [{"id": "loop", "type": "FOR_EACH", "config": config}]


def http_item_steps(service_url: str, items: int) -> list[dict[str, Any]]:
    """A loop whose items are calls."""
    call = {"url": f"{service_url}/stock/{{{{ item }}}}"}
    return loop_steps(items, {"id": "call", "type": "HTTP_REQUEST", "config": call}, concurrency=200)


def transform_item_steps(items: int) -> list[dict[str, Any]]:
    """A loop whose items are transforms."""
    shape = {"output": {"number": "{{ item }}", "double": "{{ item * 2 }}"}}
    return loop_steps(items, {"id": "shape", "type": "DATA_TRANSFORM", "config": shape}, concurrency=200)


def slow_steps(service_url: str, count: int = 1, *, milliseconds: int = 1000) -> list[dict[str, Any]]:
    """Calls in sequence, each of which takes so long."""
    config = {"url": f"{service_url}/delay/{milliseconds}"}
    return [{"id": f"call{number}", "type": "HTTP_REQUEST", "config": config} for number in range(count)]
