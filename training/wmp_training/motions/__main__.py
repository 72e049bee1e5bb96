"""``python -m wmp_training.motions``: generate the shipped motion library again."""

from pathlib import Path

from wmp_training.motions.library import write_library

write_library(Path(__file__).parent / "data")
