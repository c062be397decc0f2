"""The building blocks that all subjects of the API share: ids, scalars, pages, enums, errors."""
