"""Settings of the locomotion task. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from wmp_core.choices import unknown
from wmp_training.env.end_terms import limits
from wmp_training.env.registry import Table
from wmp_training.env.reward_terms import RATES, weights
from wmp_training.sim.config import check_range

#: Supported range of action delays [s].
DELAY_ALLOWED = (0.0, 0.25)


@dataclass(frozen=True)
class CommandConfig:
    """How commands are drawn.

    Attributes:
        open_shares, track_shares: probabilities of stand, turn, straight, heading and mixed, on open ground
            and on a track.
        speed: range of vx on a track [m/s].
        open_speed: range of vx in mixed commands on open ground [m/s]; the upper end also of straight ones.
        sideways: largest vy (+-) on open ground [m/s].
        yaw_rate: largest yaw rate [rad/s].
        heading_gain: yaw rate per heading error [1/s].
        period: range of the time until the next command [s].
    """

    open_shares: tuple[float, ...] = (0.18, 0.24, 0.2, 0.06, 0.32)
    track_shares: tuple[float, ...] = (0.06, 0.08, 0.26, 0.55, 0.05)
    speed: tuple[float, float] = (0.2, 0.8)
    open_speed: tuple[float, float] = (-0.5, 1.0)
    sideways: float = 0.4
    yaw_rate: float = 1.0
    heading_gain: float = 0.8
    period: tuple[float, float] = (3.0, 9.0)


@dataclass(frozen=True)
class CurriculumConfig:
    """When a robot's terrain level changes.

    Attributes:
        promotion: one level up after this distance [m].
        demotion_share: one level down below this share of the commanded distance ...
        min_commanded: ... if at least this distance was commanded [m].
        failure: also one level down after a failure within this distance [m].
        redraw_from: after the last level, the next one is drawn from this level upwards.
        revisit: share of the episodes on a level drawn from all up to the robot's own, so that easier
            terrain is not unlearned.
        rebalance: rollouts between two adaptations of the shares to the measured success, see
            ``balance.py``; 0 keeps the shares of the configuration.
        floor: share of a terrain or level that nobody or everybody passes, relative to one that half of the
            robots pass.
    """

    promotion: float = 4.0
    demotion_share: float = 0.5
    min_commanded: float = 2.0
    failure: float = 0.0
    redraw_from: int = 0
    revisit: float = 0.0
    rebalance: int = 0
    floor: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 <= self.revisit < 1.0:
            raise ValueError(f"curriculum: revisit is {self.revisit}, expected a share in [0, 1)")
        if not 0.0 < self.floor <= 1.0:
            raise ValueError(f"curriculum: floor is {self.floor}, expected a share in (0, 1]")


#: Weights of the reward terms on open ground, see ``reward_terms.py``.
GENTLE_REWARDS = weights(
    {
        "track_velocity": 1.5,
        "track_yaw": 1.5,
        "track_mean_velocity": 0.5,
        "track_mean_yaw": 0.8,
        "air_time": 0.015,
        "vertical_velocity": -1.0,
        "tilt_rate": -0.05,
        "lateral_tilt": -1.0,
        "torque": -1e-4,
        "joint_acceleration": -2.0e-7,
        "action_rate": -0.015,
        "action_jerk": -0.005,
        "posture": -0.04,
        "hip_posture": -0.15,
        "collision": -1.0,
        "stuck": -0.5,
        "stand_posture": -2.0,
        "stand_motion": -0.03,
        "stand_feet": 2.0,
        "level": -10.0,
        "foot_clearance": -60.0,
        "stance_slip": -1.0,
    }
)
#: Limits at which an episode ends there, see ``end_terms.py``.
GENTLE_ENDS = limits(
    {"upright": -0.35, "trunk_contact": 0.4, "track_end": 8.6, "side_exit": 2.2, "back_exit": 1.8}
)


@dataclass(frozen=True)
class DepthNoise:
    """Errors of planar depth.

    Attributes:
        disparity: standard deviation of the inverse depth [1/m]: 0.05 pixels at a focal length of 211 pixels
            and a baseline of 0.05 m. Images of a real D435i have 0.0086.
        correlation: standard deviation of the Gaussian that smooths these errors [pixels of the policy's
            image]; 0 for independent pixels. A real D435i needs 1.8, see ``depth_noise.py``.
        dropout: share of pixels without a measurement.
        edge: a pixel whose depth differs by more than this from its left neighbour [m] ...
        edge_dropout: ... drops out with this probability.
        edge_fattening: probability that a pixel right or left of an edge has the depth of the nearer side.
        shadow: distance of the second imager to the right of the first [m], which does not see what is left
            of near objects; 0.05 for a D435i, 0 for none.

    Raises:
        ValueError: a number is out of range.
    """

    disparity: float = 0.005
    correlation: float = 0.0
    dropout: float = 0.005
    edge: float = 0.1
    edge_dropout: float = 0.3
    edge_fattening: float = 0.0
    shadow: float = 0.0

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            most = 8.0 if key == "correlation" else 1.0
            if not 0.0 <= value <= most:
                raise ValueError(f"depth noise: {key} is {value}, expected a number in [0, {most:g}]")


@dataclass(frozen=True)
class EnvConfig:
    """Settings of the environment.

    Attributes:
        terrain_shares: shares of the robots by terrain kind, relative to one another.
        episode: maximum duration of an episode [s].
        push_period: mean time between pushes [s].
        push_velocity: maximum velocity added by a push, per axis [m/s].
        noise: amplitude (+-) of uniform sensor noise by observation term, in the term's unit.
        latency: share of the episodes in which actions take effect one physics step late.
        action_delay: instead of ``latency``, a range of delays [s], drawn per episode and rounded to physics
            steps.
        action_jitter: maximum difference (+-) of the delay of single actions from that of the episode [s],
            drawn per action; delays stay within ``action_delay``.
        camera_pitch: maximum error of the camera's pitch (+-) [rad].
        lost_images: share of images that do not arrive.
        blind_robots: share of the episodes without any image.
        rendered: share of the robots whose images are rendered.
        depth_noise: errors of the camera; None for none.
        camera: whether there are depth images.
        surroundings: whether height maps are observed.
        start_x, start_heading: ranges (+-) of the start on a track: along and across it [m], heading [rad].
        ends: limit of every end, infinite where it never applies; see ``end_terms.py``.
        rewards: weight of every reward term; see ``reward_terms.py``.
        leniency: factors (terrain, term, factor) for terms that work against crossing an obstacle.
        overspeed: (terrain, m/s) by which a robot may exceed the commanded speed without penalty.
    """

    terrain_shares: tuple[tuple[str, float], ...] = (("flat", 0.45), ("rough", 0.3), ("slope", 0.25))
    episode: float = 20.0
    push_period: float = 8.0
    push_velocity: float = 0.5
    noise: tuple[tuple[str, float], ...] = (
        ("base_angular_velocity", 0.15),
        ("projected_gravity", 0.03),
        ("joint_position_error", 0.01),
        ("joint_velocity", 0.8),
    )
    latency: float = 0.5
    action_delay: tuple[float, float] | None = None
    action_jitter: float = 0.0
    camera_pitch: float = 0.0873
    lost_images: float = 0.03
    blind_robots: float = 0.04
    rendered: float = 1.0
    depth_noise: DepthNoise | None = None
    camera: bool = True
    surroundings: bool = False
    start_x: float = 0.3
    start_heading: float = 0.3
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    commands: CommandConfig = field(default_factory=CommandConfig)
    ends: Table = GENTLE_ENDS
    rewards: Table = GENTLE_REWARDS
    leniency: tuple[tuple[str, str, float], ...] = (("rough", "level", 0.0), ("slope", "level", 0.0))
    overspeed: Table = ()

    def __post_init__(self) -> None:
        shares = dict(self.terrain_shares)
        if min(shares.values(), default=0.0) < 0.0 or not sum(shares.values()) > 0.0:
            raise ValueError(f"terrain_shares are {shares}, expected at least 0 each and one above 0")
        weights(dict(self.rewards)), limits(dict(self.ends))  # refuse unknown names
        for _, term, _ in self.leniency:
            if term not in RATES:
                raise unknown("leniency: the rate", term, RATES)
        if self.action_delay is not None:
            check_range("action_delay", self.action_delay, DELAY_ALLOWED)
        if not 0.0 <= self.action_jitter <= DELAY_ALLOWED[1]:
            raise ValueError(f"action_jitter is {self.action_jitter}, expected 0 to {DELAY_ALLOWED[1]} s")
