"""The UDP link to an A1, real or simulated: one object that sends motor commands and receives robot states.

A stale link is silent: nothing tells that no packet came. So every state carries a stamp, and the watchdog
judges its age. Not provable without a robot: its own command time-out, the hand-over from sport mode, and the
unit of its tick.
"""

from __future__ import annotations

import dataclasses
import logging
import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Callable, NamedTuple, Optional, Protocol, Sequence, Tuple, Type, TypeVar

import numpy as np

from wmp_core.a1 import wire
from wmp_core.a1.joints import JointOrder
from wmp_core.a1.remote import is_stop_pressed
from wmp_core.control.command import MotorCommand
from wmp_core.observation import RobotState

TRANSPORTS = ("udp", "sdk")

_LOG = logging.getLogger(__name__)
_MAX_DRAIN = 256
_TICK_SPAN = 2**32
_TICK_SECONDS = 1e-3

T = TypeVar("T")


class LinkError(RuntimeError):
    """The link cannot be opened or was used while closed; says what to do."""


class Cycle(NamedTuple):
    """A cycle of a robot in lockstep: its state, ``None`` if that was lost on the way."""

    state: Optional[RobotState]


class RobotLink(Protocol):
    """What a controller needs of a robot; joints in contract order."""

    def open(self) -> None: ...

    def send(self, command: MotorCommand) -> None: ...

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]: ...

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]: ...

    def close(self) -> None: ...


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
        damping_kd: gain in N m s/rad of the damping that ends the session.
    """

    robot_host: str = "192.168.123.10"
    robot_port: int = 8007
    local_port: int = 8080
    stamp_from_tick: bool = False
    ticks_per_state: int = 2
    damping_kd: float = 3.0
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
        low, high, unit = wire.COMMAND_RANGES["kd"]
        if not low < self.damping_kd <= high:
            raise ValueError(f"link: damping_kd is {self.damping_kd}, allowed above {low} to {high:g} {unit}")


@dataclass
class LinkStatistics:
    """Counts since the link was opened.

    ``superseded`` states were read but overtaken by a newer one before anyone asked; ``lost`` is judged by
    gaps of the tick; ``restarts`` counts ticks that fell back by more than a second.
    """

    sent: int = 0
    send_failures: int = 0
    received: int = 0
    superseded: int = 0
    corrupt: int = 0
    foreign: int = 0
    duplicates: int = 0
    reordered: int = 0
    lost: int = 0
    restarts: int = 0


class A1Link:
    """:class:`RobotLink` over the A1's low-level UDP protocol.

    Usable as a context manager. Not thread-safe: one thread sends and receives.

    Args:
        settings: addresses and stamps.
        joint_names: the contract's joints, in its order.
        clock: time in s of an arriving state, unless it is stamped by its tick.
    """

    def __init__(
        self, settings: A1LinkSettings, joint_names: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._order = JointOrder(joint_names)
        self._clock = clock
        self._socket: Optional[socket.socket] = None
        self._claim: Optional[socket.socket] = None
        self._robot: Tuple[str, int] = ("", 0)
        self._newest_tick: Optional[int] = None
        self._cycle_was_lost = False
        self._statistics = LinkStatistics()

    @property
    def statistics(self) -> LinkStatistics:
        """A snapshot of the counts."""
        return dataclasses.replace(self._statistics)

    @property
    def local_port(self) -> int:
        """The port that states arrive at."""
        return self._open_socket().getsockname()[1]

    def open(self) -> None:
        """Claim the robot and bind the local port.

        Raises:
            LinkError: the robot's host is unknown, another program of this machine has claimed the robot, or
                the port is taken.
        """
        if self._socket is not None:
            return
        host, port = self._settings.robot_host, self._settings.local_port
        try:
            self._robot = (socket.gethostbyname(host), self._settings.robot_port)
        except OSError as error:
            raise LinkError(f"robot host {host!r} is unknown ({error}); check robot_host") from error
        claim = _claim(*self._robot)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(("0.0.0.0", port))
        except OSError as error:
            udp.close()
            claim.close()
            raise LinkError(
                f"local UDP port {port} cannot be bound ({error.strerror}); stop the other controller "
                f"(`ss -ulpn sport = :{port}` names it) or set local_port"
            ) from error
        udp.setblocking(False)
        self._claim = claim
        self._socket, self._statistics, self._newest_tick = udp, LinkStatistics(), None

    def send(self, command: MotorCommand) -> None:
        """Send one command. A network failure is counted, not raised: the next cycle tries again.

        Raises:
            wire.WireError: the command holds what must not be sent.
            LinkError: the link is closed.
        """
        udp = self._open_socket()
        data = wire.encode_low_cmd(*motor_targets(self._order, command))
        try:
            udp.sendto(data, self._robot)
        except OSError as error:
            if self._statistics.send_failures == 0:
                _LOG.warning("cannot send to the robot at %s:%d: %s", *self._robot, error)
            self._statistics.send_failures += 1
        else:
            self._statistics.sent += 1

    def receive(self, timeout_s: float, newest: bool = True) -> Optional[RobotState]:
        """Wait up to ``timeout_s`` for a state newer than the last one; ``None`` if none came.

        With ``newest`` the socket is drained and the last state wins; without, states come one by one
        (lockstep). Corrupt, foreign, repeated and overtaken packets are counted and never returned.

        Raises:
            LinkError: the link is closed.
        """
        state = self._wait_for(lambda: self._read(newest), timeout_s)
        return None if state is None else self._robot_state(state)

    def receive_cycle(self, timeout_s: float) -> Optional[Cycle]:
        """Lockstep: wait up to ``timeout_s`` for the end of the robot's next cycle; ``None`` if none came.

        A simulated robot whose state is lost or damaged on the way sends an empty datagram in its place:
        its time has passed, and a controller in real time would have had to decide without that state.

        Raises:
            LinkError: the link is closed.
        """
        return self._wait_for(self._read_cycle, timeout_s)

    def close(self) -> None:
        """Send damping several times (one packet may be lost), then close; harmless when closed."""
        if self._socket is None:
            return
        damping = MotorCommand.damping(self._settings.damping_kd)
        for _ in range(self._settings.damping_repeats):
            self.send(damping)
            time.sleep(0.002)
        self._socket.close()
        self._socket = None
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def __enter__(self) -> A1Link:
        self.open()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise LinkError("the link to the robot is closed; call open() first")
        return self._socket

    def _wait_for(self, attempt: Callable[[], Optional[T]], timeout_s: float) -> Optional[T]:
        """Repeat ``attempt`` whenever something arrives, until it yields something or time is up."""
        poll = select.poll()
        poll.register(self._open_socket(), select.POLLIN)
        deadline = time.monotonic() + timeout_s
        found = attempt()
        while found is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            # Rounded up: poll(0) would spin through the last millisecond.
            poll.poll(int(remaining * 1e3) + 1)
            found = attempt()
        return found

    def _read_cycle(self) -> Optional[Cycle]:
        self._cycle_was_lost = False
        state = self._read(newest=False, by_cycle=True)
        if state is None and not self._cycle_was_lost:
            return None
        return Cycle(None if state is None else self._robot_state(state))

    def _read(self, newest: bool, by_cycle: bool = False) -> Optional[wire.LowState]:
        """The next fresh state that has already arrived, or the newest of all that have.

        ``by_cycle`` ends it at an empty datagram, which elsewhere is a damaged one.
        """
        udp = self._open_socket()
        found: Optional[wire.LowState] = None
        for _ in range(_MAX_DRAIN):
            try:
                data, address = udp.recvfrom(2048)
            except BlockingIOError:
                break
            except ConnectionError:  # the robot's host reports that nobody listens yet
                continue
            if by_cycle and not data:
                self._cycle_was_lost = True
                break
            state = self._accept(data, address)
            if state is None:
                continue
            self._statistics.superseded += found is not None
            found = state
            if not newest:
                break
        return found

    def _accept(self, data: bytes, address: Tuple[str, int]) -> Optional[wire.LowState]:
        if address[0] != self._robot[0]:
            self._statistics.foreign += 1
            return None
        try:
            state = wire.decode_low_state(data)
        except wire.WireError as error:
            self._statistics.corrupt += 1
            _LOG.debug("packet dropped: %s", error)
            return None
        if not self._is_fresh(state.tick):
            return None
        self._newest_tick = state.tick
        self._statistics.received += 1
        return state

    def _is_fresh(self, tick: int) -> bool:
        if self._newest_tick is None:
            return True
        # The counter wraps; the shorter way round tells its direction.
        step = (tick - self._newest_tick + _TICK_SPAN // 2) % _TICK_SPAN - _TICK_SPAN // 2
        if step > 0:
            if self._settings.ticks_per_state:
                self._statistics.lost += max(0, round(step / self._settings.ticks_per_state) - 1)
            return True
        if step * _TICK_SECONDS < -1.0:
            self._statistics.restarts += 1
            return True
        if step == 0:
            self._statistics.duplicates += 1
        else:
            self._statistics.reordered += 1
        return False

    def _robot_state(self, state: wire.LowState) -> RobotState:
        stamp = state.tick * _TICK_SECONDS if self._settings.stamp_from_tick else self._clock()
        return robot_state(self._order, state, stamp)


def _claim(host: str, port: int) -> socket.socket:
    """Two controllers that fight over one joint shake it until something gives, whatever their own ports.

    The claim is a name in Linux's abstract socket namespace, which ends with the process, however that ends.
    """
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"wmp_a1_{host}:{port}"
    try:
        claim.bind(f"\0{name}")
    except OSError as error:
        claim.close()
        raise LinkError(
            f"another program on this machine controls the robot at {host}:{port}; stop it "
            f"(`ss -xlp | grep {name}` names it)"
        ) from error
    return claim


def motor_targets(order: JointOrder, command: MotorCommand) -> Tuple[np.ndarray, ...]:
    """Rows q, dq, tau, kp, kd in motor order, as :func:`wmp_core.a1.wire.encode_low_cmd` reads them."""
    kp, kd = order.to_motor(command.kp), order.to_motor(command.kd)
    # The robot's own way to say that a target does not count; a gain of 0 says the same a second time.
    q = np.where(kp == 0, wire.NO_POSITION_TARGET, order.to_motor(command.q))
    dq = np.where(kd == 0, wire.NO_VELOCITY_TARGET, order.to_motor(command.dq))
    return q, dq, order.to_motor(command.tau), kp, kd


def robot_state(order: JointOrder, state: wire.LowState, stamp: float) -> RobotState:
    """A robot's state in contract order; ``stamp`` s."""
    return RobotState(
        quat_wxyz=state.quat_wxyz,
        gyro=state.gyro,
        acc=state.acc,
        q=order.to_contract(state.q),
        dq=order.to_contract(state.dq),
        tau_est=order.to_contract(state.tau_est),
        stamp=stamp,
        tick=state.tick,
        motor_temperature=order.to_contract(state.motor_temp),
        foot_force=order.legs_to_contract(state.foot_force),
        remote=state.remote,
        emergency_stop=is_stop_pressed(state.remote),
    )
