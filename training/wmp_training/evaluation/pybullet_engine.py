"""One A1 in PyBullet, with the model of the robot that PyBullet's data brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pybullet
import pybullet_data

from wmp_sim.a1 import FOOT_FRICTION, LEGS
from wmp_sim.terrain import Terrain
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.independent_tracks import Body
from wmp_training.evaluation.pd_loop import STEP

#: PyBullet multiplies the frictions of both partners; with 1 on the ground, the robot's friction counts.
GROUND_FRICTION = 1.0
#: The URDF's names of thigh, calf and foot.
THIGH, CALF, FOOT = "upper", "lower", "toe"
GRAVITY = 9.81
URDF = Path(pybullet_data.getDataPath()) / "a1" / "a1.urdf"


class PybulletEngine:
    """See :class:`wmp_training.evaluation.independent_tracks.Engine`.

    Raises:
        ValueError: the condition sets the armature, which PyBullet's joints do not have.
    """

    def __init__(self, terrain: Terrain, condition: Condition) -> None:
        if condition.armature is not None:
            raise ValueError("the condition sets the armature, which PyBullet does not model; use menagerie")
        self._client = pybullet.connect(pybullet.DIRECT)
        self._call("setGravity", 0.0, 0.0, -GRAVITY)
        self._call("setTimeStep", STEP)
        self._add_terrain(terrain)
        self._robot = self._call("loadURDF", str(URDF), [0.0, 0.0, 1.0])
        self._find_links()
        self._set_dynamics(condition)
        every = [-1, *range(self._call("getNumJoints", self._robot))]
        self.weight = GRAVITY * sum(self._call("getDynamicsInfo", self._robot, link)[0] for link in every)

    def __del__(self) -> None:
        client = getattr(self, "_client", -1)
        if client >= 0 and pybullet.isConnected(client):
            pybullet.disconnect(client)

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        return getattr(pybullet, name)(*arguments, physicsClientId=self._client, **options)

    def _add_terrain(self, terrain: Terrain) -> None:
        self._add_solid([0.0, 0.0, terrain.floor], [1.0, 0.0, 0.0, 0.0], shapeType=pybullet.GEOM_PLANE)
        boxes = terrain.boxes
        for centre, half, quat in zip(boxes.centre, boxes.half_size, boxes.quaternion, strict=True):
            self._add_solid(centre, quat, shapeType=pybullet.GEOM_BOX, halfExtents=half.tolist())
        field = terrain.height_field
        if field is not None:
            rows, columns = field.heights.shape
            scale = [2 * field.half_size[0] / (columns - 1), 2 * field.half_size[1] / (rows - 1), 1.0]
            # Bullet centres the range of the heights at the origin, and calls the fast index (x) rows.
            middle = 0.5 * float(field.heights.min() + field.heights.max())
            self._add_solid(
                [*field.centre, middle],
                [1.0, 0.0, 0.0, 0.0],
                shapeType=pybullet.GEOM_HEIGHTFIELD,
                meshScale=scale,
                heightfieldData=field.heights.ravel().tolist(),
                numHeightfieldRows=columns,
                numHeightfieldColumns=rows,
            )

    def _add_solid(self, place: Sequence[float], quat: Sequence[float], **shape: Any) -> None:
        solid = self._call(
            "createMultiBody",
            baseMass=0.0,
            baseCollisionShapeIndex=self._call("createCollisionShape", **shape),
            basePosition=list(map(float, place)),
            baseOrientation=np.roll(quat, -1).tolist(),
        )
        self._call("changeDynamics", solid, -1, lateralFriction=GROUND_FRICTION)

    def _find_links(self) -> None:
        self._links, joints = {}, {}
        for index in range(self._call("getNumJoints", self._robot)):
            info = self._call("getJointInfo", self._robot, index)
            joints[info[1].decode()] = index
            self._links[info[12].decode()] = index
        parts = ("hip", THIGH, CALF)
        self._joints = [joints[f"{leg}_{part}_joint"] for leg in LEGS for part in parts]
        self._feet = {self._links[f"{leg}_{FOOT}"]: i for i, leg in enumerate(LEGS)}
        shanks = (f"{leg}_{part}" for leg in LEGS for part in (THIGH, CALF))
        self._shanks = {self._links[name]: i for i, name in enumerate(shanks)}

    def _set_dynamics(self, condition: Condition) -> None:
        robot = self._robot
        foot = FOOT_FRICTION if condition.foot_friction is None else condition.foot_friction
        for link in (-1, *self._links.values()):
            self._call("changeDynamics", robot, link, linearDamping=0.0, angularDamping=0.0)
            if link in self._feet:
                self._call("changeDynamics", robot, link, lateralFriction=foot)
            if link in self._shanks and condition.shank_friction is not None:
                self._call("changeDynamics", robot, link, lateralFriction=condition.shank_friction)
        for joint in self._joints:
            self._call("changeDynamics", robot, joint, jointDamping=condition.joint_damping)
        # Without this, Bullet's own motors hold every joint.
        still = [0.0] * len(self._joints)
        control = pybullet.VELOCITY_CONTROL
        self._call("setJointMotorControlArray", robot, self._joints, control, forces=still)
        inertial = self._call("getDynamicsInfo", robot, -1)
        self._centre_of_mass = np.array(inertial[3])

    def place(self, pose: np.ndarray, q: np.ndarray) -> None:
        rotation = _rotation(pose[3:])
        centre = pose[:3] + rotation @ self._centre_of_mass
        turned = np.roll(pose[3:], -1).tolist()
        self._call("resetBasePositionAndOrientation", self._robot, centre.tolist(), turned)
        self._call("resetBaseVelocity", self._robot, [0.0] * 3, [0.0] * 3)
        for joint, angle in zip(self._joints, q, strict=True):
            self._call("resetJointState", self._robot, joint, angle, 0.0)

    def joints(self) -> tuple[np.ndarray, np.ndarray]:
        states = self._call("getJointStates", self._robot, self._joints)
        return np.array([state[0] for state in states]), np.array([state[1] for state in states])

    def step(self, torque: np.ndarray) -> None:
        control = pybullet.TORQUE_CONTROL
        self._call("setJointMotorControlArray", self._robot, self._joints, control, forces=torque.tolist())
        self._call("stepSimulation")

    def tilt_rates(self) -> np.ndarray:
        pose, velocity = self._base()
        return (_rotation(pose[3:]).T @ velocity[3:])[:2]

    def body(self) -> Body:
        pose, velocity = self._base()
        forces, legs, trunk = np.zeros((4, 3)), np.zeros(8, dtype=bool), False
        for contact in self._call("getContactPoints", bodyA=self._robot):
            link, normal, force = contact[3], np.array(contact[7]), contact[9]
            if force <= 0.0:
                continue
            if link in self._feet:
                friction = contact[10] * np.array(contact[11]) + contact[12] * np.array(contact[13])
                forces[self._feet[link]] += force * normal + friction
            elif link in self._shanks:
                legs[self._shanks[link]] = True
            else:
                trunk = True
        return Body(pose, velocity, forces, legs, trunk)

    def push(self, velocity: np.ndarray) -> None:
        linear, angular = self._call("getBaseVelocity", self._robot)
        pushed = np.array(linear) + [*velocity, 0.0]
        self._call("resetBaseVelocity", self._robot, pushed.tolist(), angular)

    def _base(self) -> tuple[np.ndarray, np.ndarray]:
        """Pose and velocity of base_link; Bullet gives those of its centre of mass."""
        centre, quat = self._call("getBasePositionAndOrientation", self._robot)
        linear, angular = self._call("getBaseVelocity", self._robot)
        quat = np.roll(quat, 1)
        arm = _rotation(quat) @ self._centre_of_mass
        pose = np.concatenate([np.array(centre) - arm, quat])
        return pose, np.concatenate([np.array(linear) - np.cross(angular, arm), angular])


def _rotation(quat: np.ndarray) -> np.ndarray:
    """Rotation matrix [3, 3], base to world, of ``quat`` (w, x, y, z)."""
    w, x, y, z = quat
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
