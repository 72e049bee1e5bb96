"""Conditions under which a policy is evaluated: late commands, other joints and contacts, worse sensors.

Every condition has a name and differs from training's nominal robot in what it lists; all conditions walk the
same tracks. Needs neither torch nor MuJoCo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from wmp_core.choices import unknown


@dataclass(frozen=True)
class Condition:
    """What an evaluation changes. ``None`` leaves the body's own, possibly randomised, value.

    Attributes:
        action_delay: joint targets take effect this much later [s].
        torque_lag: time constant of the motors' torque [s].
        joint_damping: viscous friction of every joint [N m s/rad].
        foot_friction: sliding friction of the feet.
        shank_friction: sliding friction of thighs and calves.
        armature: rotor inertia at every joint [kg m^2].
        sensor_noise: factor on the uniform sensor noise of training.
        encoder_offset: largest constant error (+-) of each joint position [rad].
        imu_tilt: largest constant error (+-) of roll and pitch [rad].
        depth_noise: depth images have the stereo camera's errors.
        camera_pitch: error of the camera's pitch [rad], positive down.
        lost_images: share of the images that do not arrive.
        push: largest velocity (+-) that a push adds to the base, per axis [m/s], every ``PUSH_PERIOD``.
        start_y, start_yaw: largest offset (+-) of the start from centre line [m] and direction [rad].
    """

    action_delay: float = 0.0
    torque_lag: float = 0.0
    joint_damping: float = 0.0
    foot_friction: float | None = None
    shank_friction: float | None = None
    armature: float | None = None
    sensor_noise: float = 0.0
    encoder_offset: float = 0.0
    imu_tilt: float = 0.0
    depth_noise: bool = False
    camera_pitch: float = 0.0
    lost_images: float = 0.0
    push: float = 0.0
    start_y: float = 0.15
    start_yaw: float = 0.1


#: Time between pushes, s.
PUSH_PERIOD = 4.0
#: Name of the condition without any change.
NOMINAL = "nominal"
_PITCH = math.radians(5.0)

CONDITIONS: dict[str, Condition] = {
    NOMINAL: Condition(),
    "delay_10": Condition(action_delay=0.010),
    "delay_20": Condition(action_delay=0.020),
    "delay_30": Condition(action_delay=0.030),
    "damping_0.5": Condition(joint_damping=0.5),
    "damping_1": Condition(joint_damping=1.0),
    "shank_friction": Condition(shank_friction=0.5),
    "no_armature": Condition(armature=0.0),
    "slippery_light": Condition(shank_friction=0.5, armature=0.0),
    "sensor_noise": Condition(sensor_noise=1.0, encoder_offset=0.05, imu_tilt=math.radians(3.0)),
    "depth_noise": Condition(depth_noise=True),
    "camera_down": Condition(camera_pitch=_PITCH),
    "camera_up": Condition(camera_pitch=-_PITCH),
    "lost_images": Condition(lost_images=0.2),
    "pushes": Condition(push=1.0),
    "offset_start": Condition(start_y=0.3, start_yaw=0.2),
    # A robot as it is delivered: bus and motor boards are late, joints have friction, every sensor errs.
    "real_stack": Condition(
        action_delay=0.008,
        torque_lag=0.003,
        joint_damping=0.1,
        foot_friction=0.7,
        shank_friction=0.7,
        sensor_noise=1.0,
        encoder_offset=0.02,
        imu_tilt=math.radians(1.0),
        depth_noise=True,
        camera_pitch=math.radians(2.0),
        lost_images=0.03,
    ),
}


def condition_name(text: str) -> str:
    """``text``; raises ``ValueError`` with the nearest name unless it is a condition."""
    if text not in CONDITIONS:
        raise unknown("condition", text, CONDITIONS)
    return text


def condition_list() -> str:
    """Every condition on a line with what it changes, in the units of :class:`Condition`."""
    plain = Condition()
    lines = []
    for name, condition in CONDITIONS.items():
        values = {field.name: getattr(condition, field.name) for field in fields(condition)}
        changes = (f"{key} {value:g}" for key, value in values.items() if value != getattr(plain, key))
        lines.append(f"{name:<16}{', '.join(changes) or 'nothing changed'}")
    return "\n".join(lines)
