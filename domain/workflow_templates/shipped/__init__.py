"""The workflow templates that come with Stepgraph: one YAML file each, beside this one."""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID

import yaml

from domain.kernel.ids import derived_id
from domain.workflow_templates.model import TemplateParameter, TemplateRecord, TemplateSettings

_SHIPPED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_NAMESPACE = UUID("9f1d6c54-7f0e-4b7c-8d8a-2f0f5d7d9a11")


@cache
def shipped_templates() -> tuple[TemplateRecord, ...]:
    """All of them, by name. Each has the same id in every installation."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".yaml")]
    templates = [_record_of(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]
    return tuple(sorted(templates, key=lambda template: template.settings.name))


def _record_of(raw: dict[str, Any]) -> TemplateRecord:
    parameters = (
        TemplateParameter(
            name=each["name"],
            schema=each["schema"],
            description=each["description"],
            required=each.get("required", True) and each.get("default") is None,
            default=each.get("default"),
        )
        for each in raw["parameters"]
    )
    return TemplateRecord(
        id=derived_id(_NAMESPACE, raw["name"], _SHIPPED_AT),
        settings=TemplateSettings(
            name=raw["name"],
            document=raw["document"],
            parameters=tuple(parameters),
            description=raw["description"],
            category=raw["category"],
        ),
        created_at=_SHIPPED_AT,
        updated_at=_SHIPPED_AT,
        is_shipped=True,
    )
