"""From a recorded walk to a verdict: does the world model predict this trajectory, and where does it not?

>>> from wmp_replay import load_bag, replay
>>> walk = load_bag("bags/stairs")                     # what the bag holds
>>> verdict = replay(walk, load_verified("models/x"))    # sections with findings and figures
"""

from wmp_replay.bag.errors import BagError
from wmp_replay.bag.walk import Walk, load_bag
from wmp_replay.open_loop import Prediction, predict
from wmp_replay.reference import Reference, ReferenceError
from wmp_replay.replay import Replay, replay
from wmp_replay.section import Section, Status
from wmp_replay.thresholds import Thresholds
from wmp_replay.windows import Windows

__all__ = [
    "BagError",
    "Prediction",
    "Reference",
    "ReferenceError",
    "Replay",
    "Section",
    "Status",
    "Thresholds",
    "Walk",
    "Windows",
    "load_bag",
    "predict",
    "replay",
]
