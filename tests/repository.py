"""The repository's folder, whose pages and data files are tested too."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
