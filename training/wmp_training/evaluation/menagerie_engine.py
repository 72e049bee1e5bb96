"""One A1 of MuJoCo Menagerie: the same engine, an independently written model of robot and contacts."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np

from wmp_sim.a1 import LEGS
from wmp_sim.terrain import Terrain
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.independent_tracks import Body
from wmp_training.evaluation.pd_loop import STEP

JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf"))
#: Solid ground below the lowest point of a height field, m.
FIELD_BASE = 0.2


class MenagerieEngine:
    """See :class:`wmp_training.evaluation.independent_tracks.Engine`.

    ``file`` is Menagerie's ``unitree_a1/a1.xml``; meshes and textures are not needed. Its joint damping,
    which stands for the gains of its own position actuators, gives way to the condition's.

    Raises:
        ValueError: ``file`` does not describe an A1.
    """

    def __init__(self, terrain: Terrain, condition: Condition, file: Path) -> None:
        spec = _robot(file)
        _add_terrain(spec, terrain)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        joints = [self._model.joint(name) for name in JOINTS]
        self._q = np.array([joint.qposadr[0] for joint in joints])
        self._dq = np.array([joint.dofadr[0] for joint in joints])
        trunk = self._model.body("trunk").id
        self.weight = float(self._model.body_subtreemass[trunk] * -self._model.opt.gravity[2])
        self._part = [self._part_of(geom) for geom in range(self._model.ngeom)]
        self._feet = [self._part.index(("foot", leg)) for leg in range(len(LEGS))]
        self._change(condition)

    def _change(self, condition: Condition) -> None:
        model = self._model
        model.dof_damping[self._dq] = condition.joint_damping
        if condition.armature is not None:
            model.dof_armature[self._dq] = condition.armature
        frictions = {"foot": condition.foot_friction, "shank": condition.shank_friction}
        for geom, (part, _) in enumerate(self._part):
            if (friction := frictions.get(part)) is not None:
                # Without priority, MuJoCo takes the larger friction of the two partners.
                model.geom_friction[geom, 0], model.geom_priority[geom] = friction, 1
        mujoco.mj_setConst(model, self._data)

    def _part_of(self, geom: int) -> tuple[str, int]:
        """What ``geom`` belongs to: a foot or a shank with its number, the trunk (and hips), or terrain."""
        name = self._model.body(self._model.geom_bodyid[geom]).name
        leg, _, link = name.partition("_")
        if name == "world":
            return "terrain", 0
        if link not in ("thigh", "calf"):
            return "trunk", 0
        if self._model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_SPHERE:
            return "foot", LEGS.index(leg)
        return "shank", 2 * LEGS.index(leg) + (link == "calf")

    def place(self, pose: np.ndarray, q: np.ndarray) -> None:
        mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[:7], self._data.qpos[self._q] = pose, q
        mujoco.mj_forward(self._model, self._data)

    def joints(self) -> tuple[np.ndarray, np.ndarray]:
        return self._data.qpos[self._q].copy(), self._data.qvel[self._dq].copy()

    def step(self, torque: np.ndarray) -> None:
        self._data.qfrc_applied[self._dq] = torque
        mujoco.mj_step(self._model, self._data)

    def tilt_rates(self) -> np.ndarray:
        return self._data.qvel[3:5].copy()

    def body(self) -> Body:
        forces, legs, trunk = np.zeros((4, 3)), np.zeros(8, dtype=bool), False
        for index in range(self._data.ncon):
            first, second = self._data.contact[index].geom
            if "terrain" not in (self._part[first][0], self._part[second][0]):
                continue
            of_robot = self._part[second] if self._part[first][0] == "terrain" else self._part[first]
            # The contact frame points from the first geom to the second; so does the force on the second.
            force = (1.0 if of_robot is self._part[second] else -1.0) * self._force(index)
            if not force.any():
                continue
            part, number = of_robot
            if part == "shank" and self._in_foot(number, self._data.contact[index].pos):
                part, number = "foot", number // 2
            if part == "foot":
                forces[number] += force
            elif part == "shank":
                legs[number] = True
            else:
                trunk = True
        pose, velocity = self._data.qpos[:7].copy(), self._data.qvel[:6].copy()
        velocity[3:] = self._data.body("trunk").xmat.reshape(3, 3) @ velocity[3:]
        return Body(pose, velocity, forces, legs, trunk)

    def _in_foot(self, shank: int, place: np.ndarray) -> bool:
        """Whether ``place`` [3] lies in the foot of ``shank``, which reaches to the foot's centre.

        Menagerie's feet are so soft that the end of the calf inside carries most of the weight.
        """
        foot = self._feet[shank // 2]
        return np.linalg.norm(place - self._data.geom_xpos[foot]) < self._model.geom_size[foot, 0]

    def _force(self, index: int) -> np.ndarray:
        """Force [3] of contact ``index`` on its second geom, world frame, N."""
        wrench = np.zeros(6)
        mujoco.mj_contactForce(self._model, self._data, index, wrench)
        return self._data.contact[index].frame.reshape(3, 3).T @ wrench[:3]

    def push(self, velocity: np.ndarray) -> None:
        self._data.qvel[:2] += velocity


def _robot(file: Path) -> mujoco.MjSpec:
    """The robot in ``file`` without meshes, actuators and keyframes."""
    spec = mujoco.MjSpec.from_file(str(file))
    missing = set(JOINTS) - {joint.name for joint in spec.joints}
    if missing:
        raise ValueError(
            f"{file} has no joint {', '.join(sorted(missing))}, expected MuJoCo Menagerie's unitree_a1/a1.xml"
        )
    shown = [geom for geom in spec.geoms if geom.type == mujoco.mjtGeom.mjGEOM_MESH]
    lights = list(spec.worldbody.lights)
    for part in (*shown, *lights, *spec.actuators, *spec.keys, *spec.meshes, *spec.materials, *spec.textures):
        spec.delete(part)
    spec.option.timestep = STEP
    return spec


def _add_terrain(spec: mujoco.MjSpec, terrain: Terrain) -> None:
    world, kinds = spec.worldbody, mujoco.mjtGeom
    world.add_geom(type=kinds.mjGEOM_PLANE, size=[0, 0, 1], pos=[0, 0, terrain.floor])
    boxes = terrain.boxes
    for centre, half, quat in zip(boxes.centre, boxes.half_size, boxes.quaternion, strict=True):
        world.add_geom(type=kinds.mjGEOM_BOX, size=half, pos=centre, quat=quat)
    field = terrain.height_field
    if field is not None:
        heights = field.heights
        spec.add_hfield(
            name="field",
            nrow=heights.shape[0],
            ncol=heights.shape[1],
            size=[*field.half_size, max(float(np.ptp(heights)), 1e-6), FIELD_BASE],
            userdata=heights.ravel(),
        )
        place = [*field.centre, float(heights.min())]
        world.add_geom(type=kinds.mjGEOM_HFIELD, hfieldname="field", pos=place)
