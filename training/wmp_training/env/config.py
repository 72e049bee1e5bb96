"""Settings of the locomotion task."""

from __future__ import annotations

from dataclasses import dataclass, field

from wmp_training.sim.config import check_range

#: Delays of commands that are supported, s.
DELAY_ALLOWED = (0.0, 0.25)


@dataclass(frozen=True)
class CommandConfig:
    """Shares of stand, turn, straight, heading and curve; m/s, rad/s, s."""

    open_shares: tuple[float, ...] = (0.18, 0.24, 0.2, 0.06, 0.32)
    track_shares: tuple[float, ...] = (0.06, 0.08, 0.26, 0.55, 0.05)
    speed: tuple[float, float] = (0.2, 0.8)
    yaw_rate: float = 1.0
    heading_gain: float = 0.8
    period: tuple[float, float] = (3.0, 9.0)


@dataclass(frozen=True)
class CurriculumConfig:
    """When levels change.

    Up after ``promotion`` m. Down after less than ``demotion_share`` of the commanded distance, if at least
    ``min_commanded`` m were commanded, or after a failure within ``failure`` m. Past the last level follows
    one drawn from ``redraw_from`` upwards. ``revisit`` is the share of the episodes on a level drawn from all
    up to the robot's own: what is never met again is unlearned.
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
    """Bounds of an episode.

    ``upright``: largest z of unit gravity in the base frame (-1 level, 0 lying on the side).
    ``trunk_contact`` s of trunk contact in a row. ``track_x``, ``track_y`` m: its ends and half width.
    ``sideways_fails``: to leave the track other than forward is a failure instead of a time-out. ``stuck`` s
    without 0.1 m of progress while told to walk. ``pit`` m below the start, where there is something to fall
    into.
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
    """Weight of every term (per second); see :class:`Rewards` for what they measure.

    ``leniency`` holds factors (terrain, term, factor) for terms that stand in the way of an obstacle,
    ``overspeed`` (terrain, m/s) by how much a robot may be faster than commanded at no cost. ``run_up`` pays
    every m/s beyond the command, up to 1 m/s, among the widest gaps, and less in proportion among narrower
    ones: who arrives at a walk steps across 0.6 m and falls into what is wider. ``leap`` pays, among them and
    in the same proportion, the area under the path of the trunk's lower end over a pit (per m2): who lunges
    across 0.7 m drops his nose into what is wider before his front feet come down, and who rears up instead
    drops behind. ``vault`` pays, among boxes and in their proportion, the area between the path of the
    trunk's rear end and the top of the box that the front end is over already (per m2): who jumps up without
    getting forward falls back. ``fall`` is given once, whole, to an episode that ends in a failure, and is
    not cut off at zero: what a fall costs otherwise is the reward of the next seconds.
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

    ``disparity`` in 1/m is the standard deviation of the inverse depth (0.05 pixels at a focal length of
    211 pixels and a baseline of 0.05 m); ``dropout`` the share of pixels without a measurement; a pixel
    with a step of more than ``edge`` m to its left drops out with ``edge_dropout``.
    """

    disparity: float = 0.005
    dropout: float = 0.005
    edge: float = 0.1
    edge_dropout: float = 0.3

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"depth noise: {key} is {value}, expected a number in [0, 1]")


@dataclass(frozen=True)
class EnvConfig:
    """Task settings: episode and push period in s, push in m/s, sensor noise and camera pitch (rad) as +-.

    ``terrain_shares`` of the robots by terrain kind, relative to one another; ``camera`` and ``surroundings``
    say whether depth images are rendered and height maps are observed; ``start_x`` m and ``start_heading``
    rad as +- on a track; ``latency`` the share of episodes in which commands take effect one physics step
    late, unless ``action_delay`` is a range of delays in s, drawn per episode and rounded to physics steps;
    ``blind_robots`` the share of episodes without any image, ``lost_images`` the share of images lost
    otherwise. ``depth_noise`` is what the camera adds to an image (``None``: nothing), ``rendered`` the share
    of robots whose images are rendered.
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
        if self.action_delay is not None:
            check_range("action_delay", self.action_delay, DELAY_ALLOWED)
