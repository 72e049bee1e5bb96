"""The clock that timers use."""

from rclpy.clock import Clock, ClockType

#: Timers count wall time, even when the node uses simulated time.
WALL_CLOCK = Clock(clock_type=ClockType.STEADY_TIME)
