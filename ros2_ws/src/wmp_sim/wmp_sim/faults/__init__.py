"""Things that go wrong on purpose: what the simulated robot, its link and its camera can be made to do.

A fault is written ``KIND@T[:DURATION]``, both in seconds of the robot's time. T counts from the first command
that holds a joint, the start of standing up, so it means the same in lockstep and in real time; without a
DURATION the fault stays. Same faults, same seed: the same run, bit for bit, in lockstep.
"""

from .camera import CameraFaults
from .link import LinkFaults
from .schedule import Fault, FaultSchedule, parse_faults
from .sensors import SensorFaults

__all__ = ["CameraFaults", "Fault", "FaultSchedule", "LinkFaults", "SensorFaults", "parse_faults"]
