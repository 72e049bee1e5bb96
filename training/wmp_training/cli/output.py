"""The log as a command shows it: messages without level and logger name."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_log(level: int = logging.INFO) -> Iterator[None]:
    """Inside, this package logs to stderr without level and logger name."""
    package = logging.getLogger("wmp_training")
    handler = logging.StreamHandler(sys.stderr)
    before = package.level, package.propagate
    package.addHandler(handler)
    package.setLevel(level)
    package.propagate = False
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.level, package.propagate = before
