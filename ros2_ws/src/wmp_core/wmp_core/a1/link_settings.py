"""Where the robot is, and how its states are stamped."""

from __future__ import annotations

from dataclasses import dataclass

from wmp_core.a1 import wire

TRANSPORTS = ("udp", "sdk")


@dataclass(frozen=True)
class A1LinkSettings:
    """Where the robot is, and how its states are stamped.

    Attributes:
        transport: ``udp``, the codec of this package, or ``sdk``, a binding of the vendor's SDK that the user
            has built (see :mod:`wmp_core.a1.sdk_link`).
        robot_host, robot_port: address commands go to; states are accepted from this host only.
        local_port: port that states arrive at; 0 lets the system choose (simulation, tests).
        stamp_from_tick: stamp states with the robot's tick in ms (lockstep), not with their arrival time.
        ticks_per_state: tick difference of consecutive states, to count lost ones; 0 where it is unknown.
        damping_kd: gain in N m s/rad of the damping that ends the session, ``damping_torque`` in N m the most
            that it may ask of a joint at the speed last seen (no contract allows a hip more than 20), and
            ``damping_power`` in W of all joints together.
    """

    robot_host: str = "192.168.123.10"
    robot_port: int = 8007
    local_port: int = 8080
    stamp_from_tick: bool = False
    ticks_per_state: int = 2
    damping_kd: float = 3.0
    damping_torque: float = 20.0
    damping_power: float = 900.0
    damping_repeats: int = 10
    transport: str = "udp"

    def __post_init__(self) -> None:
        if self.transport not in TRANSPORTS:
            raise ValueError(f"link: transport is {self.transport!r}, allowed: {', '.join(TRANSPORTS)}")
        for key, lowest in (("robot_port", 1), ("local_port", 0)):
            value = getattr(self, key)
            if not lowest <= value <= 65535:
                raise ValueError(f"link: {key} is {value}, allowed {lowest}..65535")
        if self.ticks_per_state < 0 or self.damping_repeats < 1:
            raise ValueError("link: ticks_per_state is at least 0 and damping_repeats at least 1")
        for key, unit in (("damping_torque", "N m"), ("damping_power", "W")):
            if not getattr(self, key) > 0:
                raise ValueError(f"link: {key} is {getattr(self, key)}, allowed above 0 {unit}")
        low, high, unit = wire.COMMAND_RANGES["kd"]
        if not low < self.damping_kd <= high:
            raise ValueError(f"link: damping_kd is {self.damping_kd}, allowed above {low} to {high:g} {unit}")
