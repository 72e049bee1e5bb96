"""The clock of timers."""

from rclpy.clock import Clock, ClockType

#: Timers run on wall time, also where all else runs on simulated time.
WALL_CLOCK = Clock(clock_type=ClockType.STEADY_TIME)
