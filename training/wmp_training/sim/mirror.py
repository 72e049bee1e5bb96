"""Left-right symmetry: half of the worlds are seen in a mirror at the plane y = 0.

A robot in a mirrored world is a valid robot: its left legs are the right legs of the simulated one.
Episodes in both kinds of worlds make experience exactly symmetric on average, so a policy has no reason to
favour a side. It costs neither a loss nor a larger batch.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from wmp_sim.a1 import JOINT_NAMES, LEGS
from wmp_training.sim.backend import RobotStates, Simulator, Worlds
from wmp_training.sim.height_map import POINTS, X, Y

#: The leg on the other side; joints of a leg are hip, thigh and calf, and only the hip turns about x.
OTHER_LEG = torch.tensor([LEGS.index(leg[0] + {"L": "R", "R": "L"}[leg[1]]) for leg in LEGS])
OTHER_JOINT = (3 * OTHER_LEG[:, None] + torch.arange(3)).flatten()
JOINT_SIGN = torch.tensor([-1.0, 1.0, 1.0] * len(LEGS))
#: Vectors (positions, velocities, forces) flip y; axial vectors (angular velocities) flip x and z.
VECTOR, AXIAL = torch.tensor([1.0, -1.0, 1.0]), torch.tensor([-1.0, 1.0, -1.0])
#: A rotation becomes one about the mirrored axis, the other way round.
QUATERNION = torch.tensor([1.0, -1.0, 1.0, -1.0])
#: Index of the height-map point on the other side; x changes slowest.
OTHER_POINT = torch.arange(len(POINTS)).view(len(X), len(Y)).flip(1).flatten()
#: Randomised properties of a robot: friction, payload, centre of mass (x, y, z), then values per joint.
SCALARS = torch.tensor([1.0, 1.0, 1.0, -1.0, 1.0])


def mirrored_joints(values: Tensor) -> Tensor:
    """Joint positions, velocities or torques [..., J] of the mirrored robot."""
    return values[..., OTHER_JOINT.to(values.device)] * JOINT_SIGN.to(values.device)


def mirrored_states(states: RobotStates) -> RobotStates:
    """The states [N] of the mirrored robots in the mirrored worlds."""
    device = states.position.device
    vector, axial, quaternion = VECTOR.to(device), AXIAL.to(device), QUATERNION.to(device)
    legs = OTHER_LEG.to(device)
    return RobotStates(
        position=states.position * vector,
        quat=states.quat * quaternion,
        linear_velocity=states.linear_velocity * vector,
        angular_velocity=states.angular_velocity * axial,
        q=mirrored_joints(states.q),
        dq=mirrored_joints(states.dq),
        torque=mirrored_joints(states.torque),
        foot_force=states.foot_force[:, legs] * vector,
        leg_contact=states.leg_contact.unflatten(-1, (len(LEGS), -1))[:, legs].flatten(1),
        trunk_contact=states.trunk_contact,
    )


def mirrored_parameters(parameters: Tensor) -> Tensor:
    """Randomised properties [W, R] of the mirrored robots, see ``randomisation.randomise``.

    Raises:
        ValueError: they are not scalars and values per joint.
    """
    scalars, joints = parameters.split([len(SCALARS), parameters.shape[-1] - len(SCALARS)], -1)
    if joints.shape[-1] % len(JOINT_NAMES):
        raise ValueError(
            f"a world has {parameters.shape[-1]} randomised properties, expected {len(SCALARS)} and groups "
            f"of {len(JOINT_NAMES)} for the joints; teach mirror.py the new ones"
        )
    other = joints.unflatten(-1, (-1, len(JOINT_NAMES)))[..., OTHER_JOINT.to(joints.device)].flatten(1)
    return torch.cat([scalars * SCALARS.to(parameters.device), other], -1)


class Mirror:
    """A ``simulator`` with twice the worlds: world W + w is world w of its W worlds in a mirror.

    Implements :class:`wmp_training.sim.backend.Simulator`.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.simulator, self.device = simulator, simulator.device
        self.num_robots, self.substeps = simulator.num_robots, simulator.substeps
        own = simulator.worlds
        self.count = len(own.kind)
        parameters = torch.cat([own.parameters, mirrored_parameters(own.parameters)])
        self.worlds = Worlds(own.names, own.kind.repeat(2), own.level.repeat(2), parameters)
        self.mirrored = torch.zeros(self.num_robots, dtype=torch.bool, device=self.device)

    def ground_height(self, world: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return self.simulator.ground_height(world % self.count, x, torch.where(world >= self.count, -y, y))

    def surroundings(self, robots: Tensor) -> tuple[Tensor, Tensor]:
        ground, ceiling = self.simulator.surroundings(robots)
        other = ground[:, OTHER_POINT.to(ground.device)]
        return torch.where(self.mirrored[robots, None], other, ground), ceiling

    def place(
        self, robots: Tensor, world: Tensor, pose: Tensor, velocity: Tensor, q: Tensor, dq: Tensor
    ) -> None:
        flip = world >= self.count
        self.mirrored = self.mirrored.index_put((robots,), flip)
        pose_sign = torch.cat([VECTOR, QUATERNION]).to(pose.device)
        velocity_sign = torch.cat([VECTOR, AXIAL]).to(pose.device)
        self.simulator.place(
            robots,
            world % self.count,
            _chosen(flip, pose * pose_sign, pose),
            _chosen(flip, velocity * velocity_sign, velocity),
            _chosen(flip, mirrored_joints(q), q),
            _chosen(flip, mirrored_joints(dq), dq),
        )

    def push(self, robots: Tensor, velocity: Tensor) -> None:
        other = velocity * VECTOR[:2].to(velocity.device)
        self.simulator.push(robots, _chosen(self.mirrored[robots], other, velocity))

    def step(self, targets: Tensor) -> None:
        self.simulator.step(_chosen(self.mirrored, mirrored_joints(targets), targets))

    def states(self) -> RobotStates:
        states = self.simulator.states()
        other = mirrored_states(states)
        return replace(
            states,
            **{name: _chosen(self.mirrored, getattr(other, name), own) for name, own in vars(states).items()},
        )

    def depth(self, robots: Tensor, pitch: Tensor) -> Tensor:
        """The camera is in the plane y = 0, so that its mirrored image is what a mirrored robot sees."""
        image = self.simulator.depth(robots, pitch)
        return _chosen(self.mirrored[robots], image.flip(-1), image)

    def state_dict(self) -> dict[str, Tensor]:
        return {**self.simulator.state_dict(), "mirrored": self.mirrored}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.mirrored = state["mirrored"].to(self.device)
        self.simulator.load_state_dict({name: value for name, value in state.items() if name != "mirrored"})


def _chosen(flip: Tensor, other: Tensor, own: Tensor) -> Tensor:
    """``other`` [M, ...] where ``flip`` [M], else ``own``."""
    return torch.where(flip.view(-1, *[1] * (own.dim() - 1)), other, own)
