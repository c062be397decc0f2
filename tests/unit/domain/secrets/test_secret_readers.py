"""The steps of a document that read a secret, wherever they are."""

from typing import Any

from domain.secrets.readers import steps_that_read


def calling(id: str, secret: str = "token", **more: Any) -> dict[str, Any]:
    url = f"https://a.test/{{{{ secrets.{secret} }}}}"
    return {"id": id, "type": "HTTP_REQUEST", "config": {"url": url}, **more}


def test_a_step_is_found_in_every_block_and_its_path_is_that_of_the_graph() -> None:
    inner: Any = [{"id": "loop", "type": "FOR_EACH", "config": {"items": "input", "steps": [calling("fetch")]}}]
    branches = [{"name": "left", "steps": inner}, {"name": "right", "steps": [calling("b", "other")]}]
    either = {"if": "input", "then": [calling("yes")], "else": [calling("no")]}
    document: Any = {
        "name": "secrets",
        "steps": [
            {"id": "both", "type": "PARALLEL", "config": {"branches": branches}},
            {"id": "either", "type": "CONDITIONAL", "config": either},
            calling("plain", "other", onError={"steps": [calling("undo")]}),
        ],
        "onFailure": [calling("tell")],
    }

    assert steps_that_read(document) == {
        "token": ("both.left.loop.fetch", "either.then.yes", "either.else.no", "plain.onError.undo", "onFailure.tell"),
        "other": ("both.right.b", "plain"),
    }


def test_what_only_looks_like_steps_is_a_part_of_the_step_that_sends_it() -> None:
    body = {"steps": [{"id": "x", "value": "{{ secrets.token }}"}], "then": "{{ secrets.token }}"}
    document: Any = {"steps": [{"id": "send", "type": "HTTP_REQUEST", "config": {"steps": [body], "body": body}}]}

    assert steps_that_read(document) == {"token": ("send",)}
    assert steps_that_read(None) == {}
