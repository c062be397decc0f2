"""What every subject of the API is made with: ids, scalars, pages, enums, errors."""
