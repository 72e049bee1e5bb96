"""The clock of timers."""

from rclpy.clock import Clock, ClockType

#: Timers count wall time, also where simulated time rules the rest.
WALL_CLOCK = Clock(clock_type=ClockType.STEADY_TIME)
