"""One cycle of the control loop, without I/O and without reading a clock."""

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
from wmp_core.control.safety_monitor import Reaction, SafetyMonitor, SafetySettings, Trip, first_trip
from wmp_core.control.stop_sequence import StopSequence
from wmp_core.control.walking import Latent, PolicyStepRecord, Walking
from wmp_core.inference.policy import Policy
from wmp_core.robot_state import RobotState

_ZERO_VELOCITY = np.zeros(3, dtype=np.float32)
_POSING = (Mode.STAND_UP, Mode.STAND, Mode.SIT_DOWN)
_DAMPED = (Mode.PASSIVE, Mode.FAULT)


@dataclass(frozen=True)
class ControllerSettings:
    """Settings of the controller; everything that the policy depends on is in the contract.

    Attributes:
        loop_period: time between cycles, s.
        pd: ``motor`` sends targets and gains to the motors, ``host`` computes the torques here.
        passive_kd: gain of the damping in PASSIVE and FAULT, N m s/rad, at most the envelope's ``max_kd``.
        walk_pose_tolerance: maximum error of a joint against the default pose, rad, where the policy takes
            over from a posture, or a posture from the policy.
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
            # Before the first state this damping bypasses the envelope.
            raise ValueError(
                f"controller: passive_kd is {self.passive_kd}, allowed at most the envelope's max_kd "
                f"{self.envelope.max_kd}"
            )
        if self.pd not in ("host", "motor"):
            raise ValueError(f"controller: pd is {self.pd!r}, allowed: host, motor")


class VelocityCommand(NamedTuple):
    """``value [3]``: vx m/s, vy m/s, yaw rate rad/s in base_link; ``stamp``: arrival time, s."""

    value: np.ndarray
    stamp: float


class CycleOutput(NamedTuple):
    """Decisions of one cycle.

    ``refusal`` is the reason why this cycle's request is refused; ``None`` if it was granted or there was
    none. ``events`` are lines for the log: mode changes with their reason, new trips of safety rules.
    ``clamped`` names the limits of the envelope that changed the command.
    """

    command: MotorCommand
    mode: Mode
    step: Optional[PolicyStepRecord]
    refusal: Optional[str]
    events: Tuple[str, ...]
    clamped: Tuple[str, ...]


class Controller:
    """State machine, safety monitor, postures, policy and envelope of one robot.

    ``now`` and all stamps share one clock of the caller's choice: system time, or simulated time in lockstep.
    The same inputs always give the same outputs.

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
        self._sit_requested = False

    @property
    def mode(self) -> Mode:
        return self._machine.mode

    @property
    def fault_reason(self) -> Optional[str]:
        """Why the mode is FAULT; ``None`` in every other mode."""
        return self._machine.fault_reason

    def damping(self) -> MotorCommand:
        """Damping for a robot that gets no other command, reduced where a joint is too fast for it."""
        dq = np.zeros(self._contract.num_joints) if self._state is None else self._state.dq
        limit, power = self._contract.joints.array("torque_limit"), self.settings.envelope.power_limit
        return MotorCommand.damping(damping_gain(self.settings.passive_kd, dq, limit, power))

    @property
    def extremes(self) -> Tuple[MotorCommand, MotorCommand]:
        """The lowest and the highest command that a cycle can decide."""
        return self._envelope.extremes

    @property
    def needs_latent(self) -> Optional[int]:
        """Tick of the latent that the next cycle needs and lacks; lockstep waits for it before that cycle."""
        return self._walking.needs_latent if self.mode is Mode.WALK else None

    @property
    def latents_late(self) -> int:
        """World-model ticks since the start at which the policy had to continue with an older latent."""
        return self._walking.latents_late

    @property
    def ticks_missed(self) -> int:
        """Policy ticks since the start that a paused loop missed."""
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
        """Decide the motor command.

        Args:
            state: the newest robot state; ``None`` if none has arrived since the last cycle.
            now: s, same clock as the stamps.
            request: an operator's request, answered in this cycle.
            velocity_command: the newest one, clipped here to the trained range; ``None`` means zero.
            latents: those that arrived since the last cycle.
            periods: loop periods since the last cycle; more than 1 if deadlines were skipped.
            joystick_stamp: time of the joystick's last message, s; ``None`` without a joystick.
        """
        before, events = self.mode, []  # type: Mode, List[str]
        self._state = state if state is not None else self._state
        self._posing.advance(periods)
        self._walking.add_latents(latents)
        if self._state is None:
            return self._without_state(request)
        trips = self._check(self._state, now, periods, velocity_command, joystick_stamp)
        self._react(trips, self._state, now, periods, events)
        refusal = self._handle_request(request, self._state, now)
        starts_walking = self.mode is Mode.WALK and before is not Mode.WALK
        has_operator = not starts_walking or self._operator_is_fresh(now, velocity_command, joystick_stamp)
        requested, step = self._mode_command(
            self._state, periods, trips, velocity_command if has_operator else None
        )
        command, clamped = self._apply_envelope(requested, self._state)
        if self.mode is Mode.FAULT:
            step = None  # the motors do not get its action
        if self.mode is not before:
            reason = f": {self.fault_reason}" if self.fault_reason else ""
            events.append(f"{before.name} -> {self.mode.name}{reason}")
        return CycleOutput(command, self.mode, step, refusal, tuple(events), clamped)

    def _without_state(self, request: Optional[Request]) -> CycleOutput:
        """Before the first state only damping is safe."""
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
            return ()  # damping already
        command_stamp = None if velocity_command is None else velocity_command.stamp
        measured = self._measurements.update(
            state, now, periods, self._walking, command_stamp, joystick_stamp
        )
        trips = self._safety_monitor.check(self.mode, measured, now)
        found = {"servo": state.servo_problem, "restart": "the robot has restarted"}
        return tuple(
            trip._replace(where=self._measurements.joint(trip.name), found=found.get(trip.name, ""))
            for trip in trips
        )

    def _react(
        self, trips: Tuple[Trip, ...], state: RobotState, now: float, periods: int, events: List[str]
    ) -> None:
        events += [f"{trip}: {trip.reaction.value}" for trip in trips if trip.name not in self._tripped]
        self._tripped = tuple(trip.name for trip in trips)
        fault = first_trip(trips, Reaction.DAMP)
        if fault is not None:
            self._machine.fault(str(fault))
        elif first_trip(trips, Reaction.SIT) is not None:
            self._grant(
                Request.SIT_DOWN, state, now
            )  # without the stop sequence, which may depend on what failed
        elif self.mode is Mode.WALK and self._must_stop(trips):
            self._run_stop_sequence(state, now, periods)
        else:
            self._stop_sequence.reset()
            self._sit_requested = False

    def _must_stop(self, trips: Tuple[Trip, ...]) -> bool:
        return self._sit_requested or first_trip(trips, Reaction.STAND) is not None

    def _run_stop_sequence(self, state: RobotState, now: float, periods: int) -> None:
        """The policy walks on the spot until the robot may stand or sit down."""
        self._stop_sequence.update(state, periods)
        if self._sit_requested:
            if self._stop_sequence.may_sit:
                self._grant(Request.SIT_DOWN, state, now)
        elif self._stop_sequence.may_stand(state, self.settings.safety.stand_after):
            self._machine.stop_sequence_finished()
            self._posing.settle(self._walking.targets)

    def _handle_request(self, request: Optional[Request], state: RobotState, now: float) -> Optional[str]:
        """Grant a request at once or after the stop sequence, or return why it is refused."""
        if request is Request.SIT_DOWN and self.mode is Mode.WALK:
            self._sit_requested = True  # folding the legs in mid-stride would throw the robot over
            return None
        return None if request is None else self._grant(request, state, now)

    def _grant(self, request: Request, state: RobotState, now: float) -> Optional[str]:
        """Change the mode and prepare it, or return why not."""
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
        """Reason to refuse torque: a state that is too old, motors that do not follow commands, or, for WALK,
        a pose other than the default pose, from which the policy starts in training."""
        if request not in (Request.STAND_UP, Request.WALK):
            return None
        age, limit = now - state.stamp, self.settings.safety.state_age
        if not age <= limit:
            # The safety monitor does not check PASSIVE, and the trajectory would start at an outdated pose.
            return f"the newest robot state is {age:.3g} s old, allowed {limit:g} s; check the link"
        if state.servo_problem:
            return state.servo_problem
        if request is Request.STAND_UP:
            return None
        error = np.abs(state.q - self._default_position)
        joint, tolerance = int(np.argmax(error)), self.settings.walk_pose_tolerance
        if error[joint] <= tolerance:
            return None
        name = self._contract.joints.names[joint]
        return f"{name} is {error[joint]:.2f} rad off the default pose, allowed {tolerance} rad"

    def _operator_is_fresh(
        self, now: float, velocity_command: Optional[VelocityCommand], joystick_stamp: Optional[float]
    ) -> bool:
        """Whether command and joystick are recent. Needed in the cycle that grants WALK, where the safety
        monitor still checked the mode before."""
        limits = self.settings.safety
        command_age = 0.0 if velocity_command is None else now - velocity_command.stamp
        joystick_age = 0.0 if joystick_stamp is None else now - joystick_stamp
        return command_age <= limits.command_age and joystick_age <= limits.joystick_age

    def _policy_command(
        self, trips: Tuple[Trip, ...], velocity_command: Optional[VelocityCommand]
    ) -> np.ndarray:
        """The velocity command for the policy, within the trained range; zero if there is no valid one."""
        if velocity_command is None or self._must_stop(trips):
            return _ZERO_VELOCITY
        command = self._contract.limits.clip_command(velocity_command.value)
        if not np.isfinite(command).all():
            return _ZERO_VELOCITY
        return command if first_trip(trips, Reaction.SLOW) is None else self._slowed(command)

    def _slowed(self, command: np.ndarray) -> np.ndarray:
        """The same curve at a limited speed."""
        speed, turn = math.hypot(command[0], command[1]), abs(float(command[2]))
        settings = self.settings.safety
        share = min(1.0, settings.slow_speed / max(speed, 1e-6), settings.slow_yaw_rate / max(turn, 1e-6))
        return command * np.float32(share)

    def _mode_command(
        self,
        state: RobotState,
        periods: int,
        trips: Tuple[Trip, ...],
        velocity_command: Optional[VelocityCommand],
    ) -> Tuple[MotorCommand, Optional[PolicyStepRecord]]:
        """Command of the present mode before the envelope, and the policy step if one ran."""
        if self.mode in _POSING:
            if self._posing.is_complete:
                self._machine.trajectory_finished()
            return self._posing.command(), None
        if self.mode is Mode.WALK:
            step = None
            if self._walking.advance(periods):
                step = self._walking.step(state, self._policy_command(trips, velocity_command))
            return MotorCommand.position(self._walking.targets, self._kp, self._kd), step
        return MotorCommand.damping(self.settings.passive_kd, self._contract.num_joints), None

    def _apply_envelope(
        self, requested: MotorCommand, state: RobotState
    ) -> Tuple[MotorCommand, Tuple[str, ...]]:
        """Apply the envelope, then choose where the PD law runs; damping always runs in the motors."""
        result = self._envelope.apply(requested, state)
        if result.trip is not None:
            self._machine.fault(result.trip)
        command = result.command
        if self.settings.pd == "host" and command.kp.any():
            command = command.with_host_stiffness(state.q)
        return command, result.clamped
