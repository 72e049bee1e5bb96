"""Settings of the locomotion task. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from wmp_training.sim.config import check_range

#: Supported range of action delays [s].
DELAY_ALLOWED = (0.0, 0.25)


@dataclass(frozen=True)
class CommandConfig:
    """How commands are drawn.

    Attributes:
        open_shares, track_shares: probabilities of stand, turn, straight, heading and curve, on open ground
            and on a track.
        speed: range of vx [m/s].
        yaw_rate: largest yaw rate [rad/s].
        heading_gain: yaw rate per heading error [1/s].
        period: range of the time until the next command [s].
    """

    open_shares: tuple[float, ...] = (0.18, 0.24, 0.2, 0.06, 0.32)
    track_shares: tuple[float, ...] = (0.06, 0.08, 0.26, 0.55, 0.05)
    speed: tuple[float, float] = (0.2, 0.8)
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
    """

    promotion: float = 4.0
    demotion_share: float = 0.5
    min_commanded: float = 2.0
    failure: float = 0.0
    redraw_from: int = 0
    revisit: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.revisit < 1.0:
            raise ValueError(f"curriculum: revisit is {self.revisit}, expected a share in [0, 1)")


@dataclass(frozen=True)
class EndConfig:
    """When an episode ends.

    Attributes:
        upright: maximum z of unit gravity in the base frame (-1 level, 0 lying on the side).
        trunk_contact: maximum duration of uninterrupted trunk contact [s].
        track_x, track_y: ends and half width of the track [m].
        sideways_fails: leaving the track other than forward is a failure instead of a time-out.
        stuck: maximum time without 0.1 m of progress under a command to walk [s].
        pit: maximum depth below the start on terrains with pits [m].
    """

    upright: float = -0.35
    trunk_contact: float = 0.4
    track_x: tuple[float, float] = (-1.8, 8.6)
    track_y: float = 2.2
    sideways_fails: bool = False
    stuck: float = float("inf")
    pit: float = float("inf")


@dataclass(frozen=True)
class RewardConfig:
    """Weight of every reward term (per second); see :class:`Rewards` for what the terms measure.

    Attributes:
        leniency: factors (terrain, term, factor) for terms that work against crossing an obstacle.
        overspeed: (terrain, m/s) by which a robot may exceed the commanded speed without penalty.
        run_up: per m/s above the command, up to 1 m/s, on tracks of gaps; proportional to the level. At
            walking speed a robot steps across 0.6 m and falls into wider gaps.
        leap: per m2 under the path of the trunk's lower end over a pit, proportional to the level. Lunging
            crosses 0.7 m; over wider gaps the nose drops before the front feet land, or, if the robot rears
            up, the rear drops.
        vault: per m2 between the path of the trunk's rear end and the top of a box that the front end has
            reached, proportional to the level. Jumping up without forward motion falls back.
        fall: given once when an episode ends in a failure, and not clipped at zero. Without it, a fall only
            costs the rewards of the following seconds.
    """

    track_velocity: float = 1.5
    track_yaw: float = 1.5
    track_mean_velocity: float = 0.5
    track_mean_yaw: float = 0.8
    air_time: float = 0.015
    vertical_velocity: float = -1.0
    tilt_rate: float = -0.05
    lateral_tilt: float = -1.0
    torque: float = -1e-4
    joint_acceleration: float = -2.0e-7
    action_rate: float = -0.015
    action_jerk: float = -0.005
    posture: float = -0.04
    hip_posture: float = -0.15
    collision: float = -1.0
    stuck: float = -0.5
    stand_posture: float = -2.0
    stand_motion: float = -0.03
    stand_feet: float = 2.0
    heading: float = 0.0
    crouch: float = 0.0
    leniency: tuple[tuple[str, str, float], ...] = ()
    overspeed: tuple[tuple[str, float], ...] = ()
    run_up: float = 0.0
    leap: float = 0.0
    vault: float = 0.0
    fall: float = 0.0

    def __post_init__(self) -> None:
        for _, term, _ in self.leniency:
            if term == "fall" or not isinstance(getattr(self, term, None), float):
                raise ValueError(f"rewards: leniency names {term!r}, expected a rate such as 'collision'")


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
    ends: EndConfig = field(default_factory=EndConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    commands: CommandConfig = field(default_factory=CommandConfig)
    rewards: RewardConfig = field(default_factory=RewardConfig)

    def __post_init__(self) -> None:
        shares = dict(self.terrain_shares)
        if min(shares.values(), default=0.0) < 0.0 or not sum(shares.values()) > 0.0:
            raise ValueError(f"terrain_shares are {shares}, expected at least 0 each and one above 0")
        if self.action_delay is not None:
            check_range("action_delay", self.action_delay, DELAY_ALLOWED)
        if not 0.0 <= self.action_jitter <= DELAY_ALLOWED[1]:
            raise ValueError(f"action_jitter is {self.action_jitter}, expected 0 to {DELAY_ALLOWED[1]} s")
