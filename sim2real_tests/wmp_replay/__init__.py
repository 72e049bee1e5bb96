"""From a recorded walk to a verdict: does the world model predict this trajectory, and where does it not?

>>> from wmp_core.verification import load_verified
>>> from wmp_replay import load_bag, replay
>>> walk = load_bag("bags/stairs")                             # what the bag holds
>>> verdict = replay(walk, load_verified("models/a1_wmp_v1"))    # sections with findings and figures
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wmp_replay.bag.walk import Walk, load_bag
    from wmp_replay.errors import BagError, UnusableReferenceError
    from wmp_replay.open_loop import Prediction, predict
    from wmp_replay.reference import Reference
    from wmp_replay.section import Section, Status
    from wmp_replay.thresholds import Thresholds
    from wmp_replay.verdict import Replay, replay
    from wmp_replay.windows import Windows

__all__ = [
    "BagError",
    "Prediction",
    "Reference",
    "Replay",
    "Section",
    "Status",
    "Thresholds",
    "UnusableReferenceError",
    "Walk",
    "Windows",
    "load_bag",
    "predict",
    "replay",
]

#: Module of each public name, imported at its first use: `wmp --help` imports this package on its way to the
#: command, and must not wait for onnxruntime and OpenCV.
_MODULES = {
    "BagError": "errors",
    "Prediction": "open_loop",
    "Reference": "reference",
    "Replay": "verdict",
    "Section": "section",
    "Status": "section",
    "Thresholds": "thresholds",
    "UnusableReferenceError": "errors",
    "Walk": "bag.walk",
    "Windows": "windows",
    "load_bag": "bag.walk",
    "predict": "open_loop",
    "replay": "verdict",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
