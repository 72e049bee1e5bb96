"""Injected faults of the simulated robot, its link and its camera.

A fault is written ``KIND@T[:DURATION]``, both in seconds of the robot's time. T counts from the first command
that holds a joint, which is the start of standing up, so it means the same in lockstep and in real time.
Without DURATION the fault lasts to the end. In lockstep, the same faults and seed give the same run, bit for
bit.
"""

from .body import BodyFaults
from .camera import CameraFaults
from .link import LinkFaults
from .schedule import Fault, FaultSchedule, parse_faults
from .sensors import SensorFaults

__all__ = [
    "BodyFaults",
    "CameraFaults",
    "Fault",
    "FaultSchedule",
    "LinkFaults",
    "SensorFaults",
    "parse_faults",
]
