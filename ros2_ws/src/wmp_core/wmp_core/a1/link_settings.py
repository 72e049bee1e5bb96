"""Settings of the link to the robot."""

from __future__ import annotations

from dataclasses import dataclass

from wmp_core.a1 import wire

TRANSPORTS = ("udp", "sdk")


@dataclass(frozen=True)
class A1LinkSettings:
    """Addresses, stamps, and the damping that ends a session.

    Attributes:
        transport: ``udp``, this package's own protocol, or ``sdk``, a user-built binding of the vendor's SDK
            (see :mod:`wmp_core.a1.sdk_link`).
        robot_host, robot_port: address for commands; states are accepted from this address only.
        local_port: local port for states; 0 lets the system choose (simulation, tests).
        stamp_from_tick: stamp states with the robot's tick in ms (lockstep) instead of the arrival time.
        damping_kd: gain of the damping that ends the session, N m s/rad.
        damping_torque: maximum torque of that damping per joint at the last measured speed, N m; no contract
            allows a hip more than 20 N m.
        damping_power: maximum power of that damping over all joints, W.
        damping_repeats: number of damping packets at the end, since packets get lost.
    """

    robot_host: str
    robot_port: int = 8007
    local_port: int = 8080
    stamp_from_tick: bool = False
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
        if self.damping_repeats < 1:
            raise ValueError(f"link: damping_repeats is {self.damping_repeats}, expected at least 1")
        for key, unit in (("damping_torque", "N m"), ("damping_power", "W")):
            if not getattr(self, key) > 0:
                raise ValueError(f"link: {key} is {getattr(self, key)}, allowed above 0 {unit}")
        low, high, unit = wire.COMMAND_RANGES["kd"]
        if not low < self.damping_kd <= high:
            raise ValueError(f"link: damping_kd is {self.damping_kd}, allowed above {low} to {high:g} {unit}")
