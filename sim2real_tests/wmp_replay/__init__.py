"""From a recorded walk to a verdict: does the world model predict this trajectory, and where does it not?"""

from wmp_replay.bag.errors import BagError
from wmp_replay.bag.walk import Walk, load_bag

__all__ = ["BagError", "Walk", "load_bag"]
