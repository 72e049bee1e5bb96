"""``python -m wmp_training.motions``: regenerate the shipped motion library."""

from pathlib import Path

from wmp_training.motions.library import write_library

write_library(Path(__file__).parent / "data")
