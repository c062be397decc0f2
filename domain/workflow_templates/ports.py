"""The port that stores workflow templates."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from domain.kernel.pages import Page
from domain.workflow_templates.model import TemplateRecord


class WorkflowTemplateStore(Protocol):
    """Stored workflow templates, without the shipped ones. Names are unique.

    Records read `lean` are without large documents and parameters (see `LargeValues`).
    """

    async def save(self, template: TemplateRecord) -> TemplateRecord:
        """Store a template, or overwrite the one with its name, which keeps its id and its `created_at`.

        Returns the stored record.
        """

    async def delete(self, name: str) -> bool:
        """Remove the template with this name; True when there was one."""

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, TemplateRecord]:
        """The templates with these ids."""

    async def find(self, name: str, *, lean: bool = False) -> TemplateRecord | None:
        """The template with this name."""

    async def page(
        self, category: str | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[TemplateRecord]:
        """The templates of a category, or all, by name (as code points); `after` is a name."""

    async def count(self, category: str | None) -> int:
        """The number of templates of a category, or of all."""

    async def stored_names(self, names: Collection[str]) -> Collection[str]:
        """Those of these names that stored templates have."""
