"""The UDP protocol of the A1 for a simulated robot: LowCmd in, LowState out, byte for byte like the robot."""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wmp_core.a1.frames import WireError
from wmp_core.a1.joints import MOTOR_LEGS, JointOrder
from wmp_core.a1.remote import idle_remote
from wmp_core.a1.robot_wire import LowCommand, decode_low_cmd, encode_low_state
from wmp_core.a1.wire import NO_POSITION_TARGET, NO_VELOCITY_TARGET, LowState, decode_low_state
from wmp_core.control.command import MotorCommand
from wmp_core.robot_state import RobotState
from wmp_core.rotation import roll_pitch_yaw

from .a1 import JOINT_NAMES, LEGS, a1_model
from .faults import BodyFaults, FaultSchedule, LinkFaults, SensorFaults
from .robot import SimulatedA1
from .wire_audit import WireAudit

_LOG = logging.getLogger(__name__)
#: Longest delay of a stop by a blocking wait [s].
_STOP_CHECK = 0.1
_MAX_FRAME = 2048
#: A tick that is older than the newest one by more than this is that of a robot that has restarted [ms].
_RESTART = 1000
#: Largest number of commands that one exchange reads: those of 50 ms.
MAX_COMMANDS_PER_EXCHANGE = 25
_LEG_ORDER = [LEGS.index(leg) for leg in MOTOR_LEGS]


@dataclass(frozen=True)
class Address:
    """Address of the simulated robot; with port 0 the system chooses a port."""

    host: str = "127.0.0.1"
    port: int = 8007

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}, expected 0..65535")


class A1Server:
    """Drives ``robot`` with the commands that arrive, and answers their sender.

    A context manager; runs in one thread.

    Args:
        observe: called after every exchange with the new state, before that is sent: in lockstep, everything
            that belongs to the state is published before the controller continues.
        faults: the server brings about those of link and sensors.
        seed: of the faults.
        audit: receives every command, and every state that reaches the controller.
    """

    def __init__(
        self,
        robot: SimulatedA1,
        address: Address,
        observe: Callable[[RobotState], None] = lambda state: None,
        faults: FaultSchedule | None = None,
        seed: int = 0,
        audit: WireAudit | None = None,
    ) -> None:
        self._robot = robot
        self._address = address
        self._observe = observe
        self._order = JointOrder(JOINT_NAMES)
        self._controller: tuple[str, int] | None = None
        self._rejected = 0
        self._decoded: tuple[bytes, MotorCommand] | None = None  # the last frame, and its command
        self._socket: socket.socket | None = None
        self._faults = faults or FaultSchedule()
        self._to_robot = LinkFaults(self._faults, (seed, 1))
        self._to_controller = LinkFaults(self._faults, (seed, 2))
        self._sensors = SensorFaults(self._faults, (seed, 3))
        a1 = a1_model()
        self._body = BodyFaults(self._faults, (seed, 5), JOINT_NAMES, a1.kp, a1.kd)
        self._audit = audit
        self._reported: dict[int, RobotState] = {}  # by tick, those that the controller does not know yet
        self._newest_known = -1  # tick of the newest state that has reached the controller
        self._has_news = False

    def __enter__(self) -> A1Server:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind((self._address.host, self._address.port))
        except OSError as error:
            udp.close()
            raise OSError(
                f"the simulated robot cannot listen on {self._address.host}:{self._address.port} "
                f"({error.strerror}); "
                "stop the other simulation or choose another port"
            ) from error
        udp.setblocking(False)
        self._socket = udp
        return self

    def __exit__(self, *_: object) -> None:
        self._open_socket().close()
        self._socket = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._open_socket().getsockname()[1]

    @property
    def rejected(self) -> int:
        """Frames that were no valid command."""
        return self._rejected

    def serve_lockstep(self, running: Callable[[], bool]) -> None:
        """Answer every command until ``running`` is false; in between, simulated time stands still.

        The answer is the state 2 ms later, or an empty datagram if a fault keeps that from arriving.
        """
        udp = self._open_socket()
        poll = select.poll()
        poll.register(udp, select.POLLIN)
        while running():
            if not poll.poll(_STOP_CHECK * 1e3):
                continue
            frame = self._receive()
            if frame is not None:
                packets = self._exchange([frame])
                self._send(packets if self._has_news else [*packets, b""])

    def exchange_in_real_time(self) -> None:
        """One exchange with the newest command that has arrived; call it every ``EXCHANGE`` [s].

        On a busy machine more commands may arrive than one exchange reads; the next one reads the rest.
        """
        frames: list[bytes] = []
        while len(frames) < MAX_COMMANDS_PER_EXCHANGE and (frame := self._receive()) is not None:
            frames.append(frame)
        self._send(self._exchange(frames))

    def _exchange(self, frames: list[bytes]) -> list[bytes]:
        """Apply the newest of ``frames`` that reaches the robot; returns what reaches the controller."""
        command = None
        for frame in self._to_robot.transmit(frames):
            command = self._decode(frame) or command
        if command is not None and command.kp.any():
            self._faults.start(self._robot.time)
        state = self._robot.step(self._body.command(command, self._robot.state), self._body.limp)
        self._observe(state)
        reported = self._sensors.distort(state)
        if reported.tick < self._newest_known - _RESTART:
            self._reported, self._newest_known = {}, -1
        self._reported[reported.tick] = reported
        packets = self._to_controller.transmit([self._encode(reported)])
        self._note_what_is_known(packets)
        return packets

    def _note_what_is_known(self, packets: list[bytes]) -> None:
        """Determine the newest state that the controller will have received with ``packets``."""
        # Decoding packets takes time; without faults every reported state arrives.
        ticks = map(_tick_of, packets) if self._to_controller.possible else self._reported
        newest = max((tick for tick in ticks if tick in self._reported), default=-1)
        self._has_news = newest > self._newest_known
        if self._has_news:
            self._newest_known = newest
            if self._audit is not None:
                self._audit.on_state(self._reported[newest])
            self._reported = {tick: state for tick, state in self._reported.items() if tick > newest}

    def _send(self, packets: list[bytes]) -> None:
        if self._controller is None:
            return
        try:
            for packet in packets:
                self._open_socket().sendto(packet, self._controller)
        except BlockingIOError:
            _LOG.warning("a state could not be sent: the controller does not read")

    def _receive(self) -> bytes | None:
        """The next valid command that has arrived; its sender becomes the controller."""
        while True:
            try:
                data, sender = self._open_socket().recvfrom(_MAX_FRAME)
            except BlockingIOError:
                return None
            except ConnectionError:  # the controller has ended; another one may connect
                continue
            command = self._decode(data, sender)
            if command is None:
                continue
            if self._audit is not None:
                self._audit.on_command(command)
            self._controller = sender
            return data

    def _decode(self, frame: bytes, sender: tuple[str, int] | None = None) -> MotorCommand | None:
        if self._decoded is not None and frame is self._decoded[0]:
            return self._decoded[1]
        try:
            command = self._motor_command(decode_low_cmd(frame))
        except WireError as error:
            self._rejected += 1
            if sender is not None:  # frames damaged by a simulated fault are not logged
                _LOG.warning("frame from %s:%d ignored: %s", *sender, error)
            return None
        self._decoded = frame, command
        return command

    def _motor_command(self, command: LowCommand) -> MotorCommand:
        to_contract = self._order.to_contract
        rows = (command.q, command.dq, command.tau, command.kp, command.kd)
        q, dq, tau, kp, kd = (to_contract(np.asarray(row, dtype=np.float64)) for row in rows)
        if not np.isfinite([q, dq, tau, kp, kd]).all():
            raise WireError("a command holds a value that is not finite")
        # A motor without a target does not use the gain.
        kp = np.where(q == np.float32(NO_POSITION_TARGET), 0.0, kp)
        kd = np.where(dq == NO_VELOCITY_TARGET, 0.0, kd)
        return MotorCommand(q=q, dq=dq, tau=tau, kp=kp, kd=kd)

    def _encode(self, state: RobotState) -> bytes:
        to_motor = self._order.to_motor
        # Optional for robots in general; the simulated one has both.
        assert state.motor_temperature is not None and state.foot_force is not None
        reported = LowState(
            quat_wxyz=state.quat_wxyz,
            gyro=state.gyro,
            acc=state.acc,
            rpy=roll_pitch_yaw(state.quat_wxyz),
            q=to_motor(state.q),
            dq=to_motor(state.dq),
            tau_est=to_motor(state.tau_est),
            motor_temp=to_motor(state.motor_temperature),
            foot_force=state.foot_force[_LEG_ORDER],
            tick=state.tick,
            remote=idle_remote(),
        )
        return encode_low_state(self._body.report(reported))

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError("the server is closed; use it as a context manager")
        return self._socket


def _tick_of(packet: bytes) -> int:
    """Tick of a state, -1 if it is damaged."""
    try:
        return decode_low_state(packet).tick
    except WireError:
        return -1
