"""The contract of all policies trained here: what a runtime must know to run them on a Unitree A1."""

from __future__ import annotations

from wmp_core.contract import (
    ActionContract,
    Contract,
    DepthContract,
    JointContract,
    LimitsContract,
    ObservationContract,
    ObservationTerm,
    TimingContract,
    WorldModelContract,
)
from wmp_sim.a1 import JOINT_NAMES, LEGS
from wmp_training.presets import WorldModelConfig


def a1_contract(world_model: WorldModelConfig) -> Contract:
    """The contract of a policy whose world model has the sizes of ``world_model``."""
    velocity, gravity = (
        ObservationTerm("base_angular_velocity", (0.25,)),
        ObservationTerm("projected_gravity", (1.0,)),
    )
    position, speed = (
        ObservationTerm("joint_position_error", (1.0,)),
        ObservationTerm("joint_velocity", (0.05,)),
    )
    command, last_action = (
        ObservationTerm("command", (1.0, 1.0, 0.25)),
        ObservationTerm("last_action", (1.0,)),
    )
    return Contract(
        robot="a1",
        joints=_a1_joints(),
        observation=ObservationContract(
            proprioception=(velocity, gravity, command, position, speed),
            history_terms=(velocity, gravity, position, speed, last_action),
            history_steps=5,
            clip=100.0,
        ),
        action=ActionContract(scale=0.25, clip=6.0),
        timing=TimingContract(control_period=0.02, world_model_interval=5, depth_age=0.1),
        depth=DepthContract(
            width=64, height=64, fov_deg=58.0, near=0.0, far=2.0, position=(0.27, 0.0, 0.03), pitch=0.0
        ),
        world_model=WorldModelContract(world_model.deter, world_model.stoch, world_model.classes),
        limits=LimitsContract(
            command_vx=(-0.5, 1.0), command_vy=(-0.4, 0.4), command_yaw_rate=(-1.0, 1.0), attitude=1.0
        ),
    )


def _a1_joints() -> JointContract:
    """Joints FL, FR, RL, RR x hip, thigh, calf; limits and gains as published with the method."""
    default = [
        v for leg in LEGS for v in (0.1 if leg[1] == "L" else -0.1, 0.8 if leg[0] == "F" else 1.0, -1.5)
    ]
    return JointContract(
        names=JOINT_NAMES,
        default_position=tuple(default),
        position_lower=(-0.802851455917, -1.0471975512, -2.69653369433) * 4,
        position_upper=(0.802851455917, 4.18879020479, -0.916297857297) * 4,
        velocity_limit=(52.4, 28.6, 28.6) * 4,
        torque_limit=(20.0, 30.0, 30.0) * 4,
        kp=(40.0,) * 12,
        kd=(1.0,) * 12,
    )
