"""Everything one cycle of the control loop does, without I/O and without reading a clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from wmp_core.calibration import Calibration
from wmp_core.contract import Contract
from wmp_core.control.command import MotorCommand
from wmp_core.control.damping import damping_gain
from wmp_core.control.envelope import Envelope, EnvelopeSettings
from wmp_core.control.measurements import Measurements
from wmp_core.control.modes import Mode, ModeMachine, Request
from wmp_core.control.posing import Posing
from wmp_core.control.posture import PostureSettings
from wmp_core.control.safety_monitor import Reaction, SafetyMonitor, SafetySettings, Trip, first
from wmp_core.control.stop_sequence import StopSequence
from wmp_core.control.walking import Latent, PolicyStepRecord, Walking
from wmp_core.inference.policy import Policy
from wmp_core.robot_state import RobotState

_NO_MOTION = np.zeros(3, dtype=np.float32)
_POSING = (Mode.STAND_UP, Mode.STAND, Mode.SIT_DOWN)
_DAMPED = (Mode.PASSIVE, Mode.FAULT)


@dataclass(frozen=True)
class ControllerSettings:
    """How the robot is controlled; what the policy needs comes from the contract instead.

    Attributes:
        loop_period: s between cycles.
        pd: ``motor`` sends targets and gains to the motors, ``host`` computes the torques here.
        passive_kd: N m s/rad of the damping in PASSIVE and FAULT, at most the envelope's ``max_kd``.
        walk_pose_tolerance: rad that a joint may be off the default pose where the policy takes over from
            a posture, or a posture from the policy.
    """

    loop_period: float = 0.002
    pd: str = "motor"
    passive_kd: float = 3.0
    walk_pose_tolerance: float = 0.4
    envelope: EnvelopeSettings = field(default_factory=EnvelopeSettings)
    posture: PostureSettings = field(default_factory=PostureSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)

    def __post_init__(self) -> None:
        for key in ("loop_period", "passive_kd", "walk_pose_tolerance"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"controller: {key} is {value}, allowed: a positive finite number")
        if self.passive_kd > self.envelope.max_kd:
            # Before the first state it is sent without the envelope.
            raise ValueError(
                f"controller: passive_kd is {self.passive_kd}, allowed at most the envelope's max_kd "
                f"{self.envelope.max_kd}"
            )
        if self.pd not in ("host", "motor"):
            raise ValueError(f"controller: pd is {self.pd!r}, allowed: host, motor")


class VelocityCommand(NamedTuple):
    """``value [3]``: vx m/s, vy m/s, yaw rate rad/s in the base frame; ``stamp`` s of its arrival."""

    value: np.ndarray
    stamp: float


class CycleOutput(NamedTuple):
    """What a cycle decided.

    ``refusal`` answers this cycle's request, ``None`` if it was granted or there was none. ``events`` are
    lines for the log: changes of mode with their reason, safety rules that start to trip. ``clamped``
    names the limits of the envelope that changed the command.
    """

    command: MotorCommand
    mode: Mode
    step: Optional[PolicyStepRecord]
    refusal: Optional[str]
    events: Tuple[str, ...]
    clamped: Tuple[str, ...]


class Controller:
    """Modes, safety rules, postures, policy and envelope of one robot.

    ``now`` and every stamp share one clock, which the caller chooses: system time, or simulated time in
    lockstep. The same inputs always give the same outputs.

    Args:
        contract: the bundle's.
        policy: ready to run.
        initial_h: ``h_0 [D]`` of the world model, see :class:`wmp_core.control.walking.Walking`.
        settings: see :class:`ControllerSettings`.
        calibration: the bundle's.
    """

    def __init__(
        self,
        contract: Contract,
        policy: Policy,
        initial_h: np.ndarray,
        settings: Optional[ControllerSettings] = None,
        calibration: Optional[Calibration] = None,
    ) -> None:
        self.settings = settings = settings or ControllerSettings()
        safety, period = settings.safety, settings.loop_period
        self._contract = contract
        self._default_position = np.array(contract.joints.default_position)
        self._kp, self._kd = np.array(contract.joints.kp), np.array(contract.joints.kd)
        self._walking = Walking(contract, policy, initial_h, period, safety.surprise_time)
        self._posing = Posing(contract.joints, settings.posture, period)
        self._measurements = Measurements(contract, period, safety)
        self._safety_monitor = SafetyMonitor(contract.limits, safety, calibration)
        self._stop_sequence = StopSequence(self._default_position, settings.walk_pose_tolerance, period)
        self._envelope = Envelope(contract.joints, settings.envelope)
        self._machine = ModeMachine()
        self._state: Optional[RobotState] = None
        self._tripped: Tuple[str, ...] = ()
        self._sits_next = False

    @property
    def mode(self) -> Mode:
        return self._machine.mode

    @property
    def fault_reason(self) -> Optional[str]:
        """Why the mode is FAULT; ``None`` in every other mode."""
        return self._machine.fault_reason

    def damping(self) -> MotorCommand:
        """Damping for a robot that is told nothing else, weakened where a joint is too fast for it."""
        dq = np.zeros(self._contract.num_joints) if self._state is None else self._state.dq
        limit, power = self._contract.joints.array("torque_limit"), self.settings.envelope.power_limit
        return MotorCommand.damping(damping_gain(self.settings.passive_kd, dq, limit, power))

    @property
    def extremes(self) -> Tuple[MotorCommand, MotorCommand]:
        """The commands at both ends of what may be decided."""
        return self._envelope.extremes

    @property
    def needs_latent(self) -> Optional[int]:
        """Tick of the latent that the next cycle wants and lacks: lockstep waits for it before calling."""
        return self._walking.needs_latent if self.mode is Mode.WALK else None

    @property
    def latents_late(self) -> int:
        """World-model ticks, since the start, at which the policy had to go on with an older latent."""
        return self._walking.latents_late

    @property
    def ticks_missed(self) -> int:
        """Policy ticks, since the start, that a paused loop left out."""
        return self._walking.ticks_missed

    def cycle(
        self,
        state: Optional[RobotState],
        now: float,
        request: Optional[Request] = None,
        velocity_command: Optional[VelocityCommand] = None,
        latents: Sequence[Latent] = (),
        periods: int = 1,
        joystick_stamp: Optional[float] = None,
    ) -> CycleOutput:
        """Decide what the motors are told now.

        Args:
            state: the newest robot state; ``None`` if none came since the last cycle.
            now: s, same clock as the stamps.
            request: an operator's wish, answered in this cycle.
            velocity_command: the newest one; ``None`` stands still. Limited to the trained range here.
            latents: those that came since the last cycle.
            periods: loop periods since the last cycle, more than 1 if deadlines were skipped.
            joystick_stamp: s of the joystick's last sign of life; ``None`` where none is in use.
        """
        before, events = self.mode, []  # type: Mode, List[str]
        self._state = state if state is not None else self._state
        self._posing.pass_time(periods)
        self._walking.take(latents)
        if self._state is None:
            return self._without_state(request)
        trips = self._check(self._state, now, periods, velocity_command, joystick_stamp)
        self._react(trips, self._state, now, periods, events)
        refusal = self._handle(request, self._state, now)
        has_begun = self.mode is Mode.WALK and before is not Mode.WALK
        is_steered = not has_begun or self._is_steered(now, velocity_command, joystick_stamp)
        wanted, step = self._wanted(self._state, periods, trips, velocity_command if is_steered else None)
        command, clamped = self._bound(wanted, self._state)
        if self.mode is Mode.FAULT:
            step = None  # an action that was refused never happened
        if self.mode is not before:
            reason = f": {self.fault_reason}" if self.fault_reason else ""
            events.append(f"{before.name} -> {self.mode.name}{reason}")
        return CycleOutput(command, self.mode, step, refusal, tuple(events), clamped)

    def _without_state(self, request: Optional[Request]) -> CycleOutput:
        """Before the first state nothing is known, and nothing but damping is safe."""
        refusal = None
        if request is not None and request is not Request.STOP:
            refusal = f"{request.value} refused: no robot state has arrived yet; check the link"
        command = MotorCommand.damping(self.settings.passive_kd, self._contract.num_joints)
        return CycleOutput(command, self.mode, None, refusal, (), ())

    def _check(
        self,
        state: RobotState,
        now: float,
        periods: int,
        velocity_command: Optional[VelocityCommand],
        joystick_stamp: Optional[float],
    ) -> Tuple[Trip, ...]:
        if self.mode in _DAMPED:
            return ()  # nothing is milder than damping
        command_stamp = None if velocity_command is None else velocity_command.stamp
        measured = self._measurements.take(state, now, periods, self._walking, command_stamp, joystick_stamp)
        trips = self._safety_monitor.check(self.mode, measured, now)
        return tuple(trip._replace(where=self._measurements.joint(trip.name)) for trip in trips)

    def _react(
        self, trips: Tuple[Trip, ...], state: RobotState, now: float, periods: int, events: List[str]
    ) -> None:
        events += [f"{trip}: {trip.reaction.value}" for trip in trips if trip.name not in self._tripped]
        self._tripped = tuple(trip.name for trip in trips)
        fault = first(trips, Reaction.DAMP)
        if fault is not None:
            self._machine.fault(str(fault))
        elif first(trips, Reaction.SIT) is not None:
            self._grant(Request.SIT_DOWN, state, now)  # at once: what halts it may have failed
        elif self.mode is Mode.WALK and self._has_to_halt(trips):
            self._halt(state, now, periods)
        else:
            self._stop_sequence.reset()
            self._sits_next = False

    def _has_to_halt(self, trips: Tuple[Trip, ...]) -> bool:
        return self._sits_next or first(trips, Reaction.STAND) is not None

    def _halt(self, state: RobotState, now: float, periods: int) -> None:
        """While the policy balances on the spot, wait for the moment in which it can be dismissed."""
        self._stop_sequence.pass_time(state, periods)
        if self._sits_next:
            if self._stop_sequence.may_sit:
                self._grant(Request.SIT_DOWN, state, now)
        elif self._stop_sequence.may_stand(state, self.settings.safety.stand_after):
            self._machine.came_to_rest()
            self._posing.settle(self._walking.targets)

    def _handle(self, request: Optional[Request], state: RobotState, now: float) -> Optional[str]:
        """Grant a request, at once or as soon as the robot has come to rest, or refuse it."""
        if request is Request.SIT_DOWN and self.mode is Mode.WALK:
            self._sits_next = True  # folding the legs in mid-stride would throw it over
            return None
        return None if request is None else self._grant(request, state, now)

    def _grant(self, request: Request, state: RobotState, now: float) -> Optional[str]:
        """Change the mode and prepare it, or say why not."""
        before = self.mode
        refusal = self._machine.request(request, self._veto(request, state, now))
        if refusal is not None:
            return refusal
        if request is Request.STAND_UP:
            self._posing.stand_up(state.q)
        elif request is Request.SIT_DOWN:
            self._posing.sit_down(state.q if before is Mode.WALK else None)
        elif request is Request.WALK:
            self._walking.arm()
        else:
            self._measurements.reset()
            self._safety_monitor.reset()
            self._envelope.reset()
        return None

    def _veto(self, request: Request, state: RobotState, now: float) -> Optional[str]:
        """What is in the way of torque: a state too old to begin from, or, as the policy starts from the
        default pose in training, another pose."""
        if request not in (Request.STAND_UP, Request.WALK):
            return None
        age, limit = now - state.stamp, self.settings.safety.state_age
        if not age <= limit:
            # In PASSIVE no safety monitor looks, and the trajectory would begin where the joints once were.
            return f"the newest robot state is {age:.3g} s old, allowed {limit:g} s; check the link"
        if request is Request.STAND_UP:
            return None
        error = np.abs(state.q - self._default_position)
        joint, tolerance = int(np.argmax(error)), self.settings.walk_pose_tolerance
        if error[joint] <= tolerance:
            return None
        name = self._contract.joints.names[joint]
        return f"{name} is {error[joint]:.2f} rad off the default pose, allowed {tolerance} rad"

    def _is_steered(
        self, now: float, velocity_command: Optional[VelocityCommand], joystick_stamp: Optional[float]
    ) -> bool:
        """Whether nothing is too old, in the cycle in which WALK was granted: its safety rules judged another
        mode."""
        limits = self.settings.safety
        command_age = 0.0 if velocity_command is None else now - velocity_command.stamp
        joystick_age = 0.0 if joystick_stamp is None else now - joystick_stamp
        return command_age <= limits.command_age and joystick_age <= limits.joystick_age

    def _motion(self, trips: Tuple[Trip, ...], velocity_command: Optional[VelocityCommand]) -> np.ndarray:
        """The velocity command for the policy: trained range, zero if there is none that counts."""
        if velocity_command is None or self._has_to_halt(trips):
            return _NO_MOTION
        motion = self._contract.limits.clip_command(velocity_command.value)
        if not np.isfinite(motion).all():
            return _NO_MOTION
        return motion if first(trips, Reaction.SLOW) is None else self._slowed(motion)

    def _slowed(self, motion: np.ndarray) -> np.ndarray:
        """The same path at a limited speed."""
        speed, turn = math.hypot(motion[0], motion[1]), abs(float(motion[2]))
        settings = self.settings.safety
        share = min(1.0, settings.slow_speed / max(speed, 1e-6), settings.slow_yaw_rate / max(turn, 1e-6))
        return motion * np.float32(share)

    def _wanted(
        self,
        state: RobotState,
        periods: int,
        trips: Tuple[Trip, ...],
        velocity_command: Optional[VelocityCommand],
    ) -> Tuple[MotorCommand, Optional[PolicyStepRecord]]:
        """What the mode asks for, before the envelope."""
        if self.mode in _POSING:
            if self._posing.is_complete:
                self._machine.trajectory_finished()
            return self._posing.command(), None
        if self.mode is Mode.WALK:
            step = None
            if self._walking.pass_time(periods):
                step = self._walking.step(state, self._motion(trips, velocity_command))
            return MotorCommand.position(self._walking.targets, self._kp, self._kd), step
        return MotorCommand.damping(self.settings.passive_kd, self._contract.num_joints), None

    def _bound(self, wanted: MotorCommand, state: RobotState) -> Tuple[MotorCommand, Tuple[str, ...]]:
        """The envelope, then the side that runs the PD law. Damping always runs in the motors."""
        result = self._envelope.apply(wanted, state)
        if result.trip is not None:
            self._machine.fault(result.trip)
        command = result.command
        if self.settings.pd == "host" and command.kp.any():
            command = MotorCommand.torque(command.implied_torque(state.q, state.dq))
        return command, result.clamped
