"""Reward terms: one function each, registered under its name.

To add one, write a function with ``@rate`` or ``@event`` and give it a weight in a recipe
(``env.rewards.NAME``); without a weight it is not computed. A docstring says what the term measures, in which
unit, and its source. Needs no torch, so that a recipe can be checked before torch is loaded.

Sources: *legged_gym* (Rudin et al., 2022); *WMP*, the published configuration of the method; *lessons*,
docs/lessons.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmp_training.env.registry import Table, register, table

if TYPE_CHECKING:
    from torch import Tensor

    from wmp_training.sim.backend import RobotStates


@dataclass
class RewardInputs:
    """The step that is rewarded, for all N robots.

    Attributes:
        states: after the step.
        gravity: unit gravity in the base frame [N, 3].
        heading: yaw relative to the track [N], rad; 0 on open ground.
        crouch: how much lower than upright the robot walks under open sky [N], m.
        flight: height of the trunk over a pit [N], m, times the level; see ``leaps.py``.
        command: during the step [N, 3].
        standing: whether the command is to stand [N].
        action, last_action, older_action: the last three actions [N, A].
        failed: whether the episode ended in a failure with this step [N].
    """

    states: RobotStates
    gravity: Tensor
    heading: Tensor
    crouch: Tensor
    flight: Tensor
    command: Tensor
    standing: Tensor
    action: Tensor
    last_action: Tensor
    older_action: Tensor
    failed: Tensor


@dataclass
class RewardMemory:
    """What the terms need from earlier steps.

    Attributes:
        error: of the velocity, vx and vy [m/s] and yaw rate [rad/s], [N, 3]; a speed that exceeds the command
            within the terrain's allowance is no error.
        mean_error: the same, averaged over the last second.
        air: time that each foot had been in the air before this step [N, 4], s.
        landed: whether each foot came down with this step [N, 4].
        feet: whether each foot is on the ground [N, 4].
        lift: height of each foot above where it last stood [N, 4], m; infinite before its first stance.
        foot_speed: horizontal speed of each foot [N, 4], m/s.
        acceleration: of the joints [N, J], rad/s2.
        default_position: of the joints [J], rad.
        control_period: s.
    """

    error: Tensor
    mean_error: Tensor
    air: Tensor
    landed: Tensor
    feet: Tensor
    lift: Tensor
    foot_speed: Tensor
    acceleration: Tensor
    default_position: Tensor
    control_period: float


Term = Callable[[RewardInputs, RewardMemory], "Tensor"]
#: Rates per second [N]; their weighted sum times the control period is clipped at zero.
RATES: dict[str, Term] = {}
#: Values [N] that are given once and not clipped.
EVENTS: dict[str, Term] = {}


rate, event = register(RATES), register(EVENTS)


def weights(given: Mapping[str, float]) -> Table:
    """Weights of all registered terms: the ``given`` ones, 0 for all others."""
    return table("reward term", (*RATES, *EVENTS), 0.0, given)


#: Squared errors at which a tracking term has fallen to 1/e: (m/s)2 and (rad/s)2.
TOLERANCE, YAW_TOLERANCE, MEAN_TOLERANCE, MEAN_YAW_TOLERANCE = 0.15, 0.25, 0.01, 0.005
#: Time in the air from which a step is rewarded [s].
AIR_TIME = 0.2
#: Heading error beyond which a robot walks off the track [rad].
FAR_OFF = 1.0
#: Speed beyond which more is not rewarded in a leap [m/s].
FASTEST_LEAP = 2.5
#: Height that a foot in the air should have above where it stood [m]: the bar is 0.04.
CLEARANCE = 0.06


@rate
def track_velocity(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Walking at the commanded velocity: exp(-error2 / 0.15), 1 without an error (legged_gym)."""
    return (-kept.error[:, :2].square().sum(-1) / TOLERANCE).exp()


@rate
def track_yaw(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Turning at the commanded yaw rate: exp(-error2 / 0.25), 1 without an error (legged_gym)."""
    return (-kept.error[:, 2].square() / YAW_TOLERANCE).exp()


@rate
def track_mean_velocity(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """No steady velocity error: as ``track_velocity``, of the mean over 1 s and 15 times as sharp."""
    return (-kept.mean_error[:, :2].square().sum(-1) / MEAN_TOLERANCE).exp()


@rate
def track_mean_yaw(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """No steady turning: as ``track_yaw``, of the mean over 1 s and 50 times as sharp."""
    return (-kept.mean_error[:, 2].square() / MEAN_YAW_TOLERANCE).exp()


@rate
def stuck(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """1 for a robot that is commanded to walk or to turn in place and does neither (WMP)."""
    speed, yaw_rate = now.states.linear_velocity[:, :2].norm(dim=-1), now.states.angular_velocity[:, 2]
    wanted, wanted_yaw = now.command[:, :2].norm(dim=-1), now.command[:, 2]
    walk, turn = wanted > 0.15, (wanted == 0) & (wanted_yaw.abs() > 0.2)
    return ((walk & (speed < 0.1)) | (turn & (yaw_rate.abs() < 0.1))).float()


@rate
def leap(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Area under the path of the trunk's lower end over a pit [m2/s], times the level (lessons).

    Lunging crosses 0.7 m; over wider gaps the nose drops before the front feet land, or, if the robot rears
    up, the rear drops.
    """
    return now.states.linear_velocity[:, 0].clamp(0.0, FASTEST_LEAP) * now.flight


@rate
def heading(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """1 for a robot that faces more than 1 rad away from its track (WMP)."""
    return (now.heading.abs() > FAR_OFF).float()


@rate
def air_time(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Time in the air beyond 0.2 s [s], once for every foot that lands, not while standing (legged_gym)."""
    beyond = (kept.air - AIR_TIME).clamp(-0.2, 0.3) * kept.landed
    return beyond.sum(-1) / kept.control_period * ~now.standing


@rate
def vertical_velocity(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared vertical velocity of the base [m2/s2] (legged_gym)."""
    return now.states.linear_velocity[:, 2].square()


@rate
def tilt_rate(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared roll and pitch rates [rad2/s2] (legged_gym)."""
    return now.states.angular_velocity[:, :2].square().sum(-1)


@rate
def lateral_tilt(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared sine of the roll angle: leaning to the side, but not pitching (legged_gym's orientation)."""
    return now.gravity[:, 1].square()


@rate
def level(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared sine of the tilt, roll and pitch alike; 0.0012 at the bar of 2 degrees on flat ground."""
    return now.gravity[:, :2].square().sum(-1)


@rate
def foot_clearance(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared height that feet in the air lack to 0.06 m, times their horizontal speed, summed [m3/s].

    A foot is fastest in the middle of its swing, which is where it should be high (Ji et al., 2022).
    """
    lacking = (CLEARANCE - kept.lift).clamp(min=0.0).square()
    return (lacking * kept.foot_speed * ~kept.feet).sum(-1)


@rate
def stance_slip(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared horizontal speed of the feet on the ground, summed [m2/s2]."""
    return (kept.foot_speed.square() * kept.feet).sum(-1)


@rate
def collision(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Number of thighs, calves and trunk in contact with anything (legged_gym)."""
    return now.states.leg_contact.sum(-1) + now.states.trunk_contact.float()


@rate
def torque(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared joint torques, summed [N2 m2] (legged_gym)."""
    return now.states.torque.square().sum(-1)


@rate
def joint_acceleration(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared joint accelerations, summed [rad2/s4] (legged_gym)."""
    return kept.acceleration.square().sum(-1)


@rate
def action_rate(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared change of the actions, summed (legged_gym)."""
    return (now.action - now.last_action).square().sum(-1)


@rate
def action_jerk(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared second difference of the actions, summed (WMP)."""
    change, before = now.action - now.last_action, now.last_action - now.older_action
    return (change - before).square().sum(-1)


@rate
def posture(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared distance of all joints from the default position, summed [rad2] (WMP)."""
    return (now.states.q - kept.default_position).square().sum(-1)


@rate
def hip_posture(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared distance of the hip joints from the default position, summed [rad2] (WMP)."""
    return (now.states.q - kept.default_position)[:, 0::3].square().sum(-1)


@rate
def crouch(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared depth by which a robot walks lower than upright where no bar is near [m2] (lessons)."""
    return now.crouch.square()


@rate
def stand_posture(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Mean distance of the joints from the default position while standing [rad]."""
    return (now.states.q - kept.default_position).abs().mean(-1) * now.standing.float()


@rate
def stand_motion(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """Squared joint velocities while standing, summed [rad2/s2]."""
    return now.states.dq.square().sum(-1) * now.standing.float()


@rate
def stand_feet(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """1 while standing with all feet on the ground."""
    return kept.feet.all(-1).float() * now.standing.float()


@event
def fall(now: RewardInputs, kept: RewardMemory) -> Tensor:
    """1 when an episode ends in a failure (lessons).

    Without it, a fall only costs the rewards of the following seconds.
    """
    return now.failed.float()
