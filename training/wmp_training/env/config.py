"""Settings of the locomotion task."""

from __future__ import annotations

from dataclasses import dataclass, field

from wmp_training.env.commands import CommandConfig
from wmp_training.env.curriculum import CurriculumConfig
from wmp_training.env.depth_noise import DepthNoise
from wmp_training.env.ends import EndConfig
from wmp_training.env.rewards import RewardConfig
from wmp_training.sim.randomisation import check_range

#: Delays of commands that are supported, s.
DELAY_ALLOWED = (0.0, 0.25)


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
