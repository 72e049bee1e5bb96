"""A complete bundle in 150 kB, made without training: the A1's contract around tiny random networks.

Its golden trajectory comes from numpy and a hand-written observation layout, not from the code that verifies
bundles. Everything is seeded: two calls write the same values.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from wmp_core.contract import Contract
from wmp_core.golden import GoldenTrajectory
from wmp_core.inference.world_model import InitialState
from wmp_testing.tiny_networks import TinyNetworks
from wmp_training.export.bundle_writer import write_bundle

_LEGS = ("FL", "FR", "RL", "RR")


def tiny_contract() -> Contract:
    """The A1's contract as in the paper, with a world model of 16 + 4 x 4 values."""
    hips = {"FL": 0.1, "FR": -0.1, "RL": 0.1, "RR": -0.1}
    thighs = {"FL": 0.8, "FR": 0.8, "RL": 1.0, "RR": 1.0}
    terms = [
        {"name": "base_angular_velocity", "scale": [0.25]},
        {"name": "projected_gravity", "scale": [1.0]},
        {"name": "command", "scale": [1.0, 1.0, 0.25]},
        {"name": "joint_position_error", "scale": [1.0]},
        {"name": "joint_velocity", "scale": [0.05]},
    ]
    history = [term for term in terms if term["name"] != "command"]
    return Contract.from_dict(
        {
            "robot": "a1",
            "joints": {
                "names": [f"{leg}_{joint}_joint" for leg in _LEGS for joint in ("hip", "thigh", "calf")],
                "default_position": [angle for leg in _LEGS for angle in (hips[leg], thighs[leg], -1.5)],
                "position_lower": [-0.802, -1.047, -2.697] * 4,
                "position_upper": [0.802, 4.189, -0.916] * 4,
                "velocity_limit": [52.4, 28.6, 28.6] * 4,
                "torque_limit": [20.0, 30.0, 30.0] * 4,
                "kp": [40.0] * 12,
                "kd": [1.0] * 12,
            },
            "observation": {
                "proprioception": terms,
                "history_terms": [*history, {"name": "last_action", "scale": [1.0]}],
                "history_steps": 5,
                "clip": 100.0,
            },
            "action": {"scale": 0.25, "clip": 6.0},
            "timing": {"control_period": 0.02, "world_model_interval": 5, "depth_age": 0.1},
            "depth": {
                "width": 64,
                "height": 64,
                "fov_deg": 58.0,
                "near": 0.0,
                "far": 2.0,
                "position": [0.27, 0.0, 0.03],
                "pitch": 0.0,
            },
            "world_model": {"deter": 16, "stoch": 4, "classes": 4},
            "limits": {
                "command_vx": [0.0, 0.8],
                "command_vy": [0.0, 0.0],
                "command_yaw_rate": [-1.0, 1.0],
                "attitude": None,
            },
        }
    )


def _raw_inputs(contract: Contract, steps: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Plausible sensor values: swaying trunk, joints near the default pose, blocks before the camera."""
    axis = rng.normal(size=(steps, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    half_angle = rng.uniform(-0.3, 0.3, (steps, 1))
    ticks = steps // contract.timing.world_model_interval
    blocks = rng.uniform(0.2, 3.0, (ticks, 8, 8))
    blocks[rng.uniform(size=blocks.shape) < 0.1] = 0.0
    depth_valid = np.ones(ticks, dtype=bool)
    depth_valid[3::7] = False
    return {
        "quat_wxyz": np.hstack((np.cos(half_angle), np.sin(half_angle) * axis)),
        "gyro": rng.uniform(-2.0, 2.0, (steps, 3)),
        "q": np.asarray(contract.joints.default_position) + rng.uniform(-0.3, 0.3, (steps, 12)),
        "dq": rng.uniform(-8.0, 8.0, (steps, 12)),
        "command": rng.uniform([0.0, -0.2, -1.0], [0.8, 0.2, 1.0], (steps, 3)),
        "depth": blocks.repeat(8, axis=1).repeat(8, axis=2).astype(np.float32),
        "depth_valid": depth_valid,
    }


def _gravity(quat: np.ndarray) -> list[float]:
    """World down in base_link: minus the third row of the rotation matrix."""
    w, x, y, z = quat
    return [-2 * (x * z - w * y), -2 * (y * z + w * x), -(w * w - x * x - y * y + z * z)]


def tiny_golden(
    contract: Contract, networks: TinyNetworks, steps: int = 50, seed: int = 11
) -> GoldenTrajectory:
    """A trajectory of ``steps`` policy steps by numpy alone, laid out for :func:`tiny_contract`."""
    raw = _raw_inputs(contract, steps, np.random.default_rng(seed))
    default = np.asarray(contract.joints.default_position)
    record: dict[str, list[Any]] = {
        name: [] for name in ("proprioception", "history", "action", "base_velocity", "deter", "stoch", "kl")
    }
    history: np.ndarray = np.zeros(5 * 42)
    actions = [np.zeros(12)] * 5
    deter, stoch = networks.initial_deter, networks.initial_stoch
    for step in range(steps):
        if step % 5 == 0:
            deter = networks.advance(deter, stoch, np.concatenate(actions[-5:]))
        gyro, gravity = 0.25 * raw["gyro"][step], _gravity(raw["quat_wxyz"][step])
        command = raw["command"][step] * [1.0, 1.0, 0.25]
        error, velocity = raw["q"][step] - default, 0.05 * raw["dq"][step]
        proprioception = np.concatenate((gyro, gravity, command, error, velocity))
        history = np.concatenate((history[42:], gyro, gravity, error, velocity, actions[-1]))
        action, base_velocity = networks.policy(history, command, deter)
        actions.append(np.clip(action, -6.0, 6.0))
        record["proprioception"].append(proprioception)
        record["history"].append(history)
        record["action"].append(actions[-1])
        record["base_velocity"].append(base_velocity)
        if step % 5 == 0:
            tick, kl = step // 5, math.nan
            metres = np.where(raw["depth"][tick] > 0, raw["depth"][tick], 2.0)
            image = np.minimum(metres, 2.0) / 2.0 - 0.5
            stoch = networks.prior(deter)
            if raw["depth_valid"][tick]:
                stoch, kl = networks.observe(deter, proprioception, image)
            record["deter"].append(deter)
            record["stoch"].append(stoch)
            record["kl"].append(kl)
    expected = {
        name: np.asarray(values, dtype=np.int64 if name == "stoch" else np.float32)
        for name, values in record.items()
    }
    return GoldenTrajectory(contract=contract, **raw, **expected)


def write_tiny_bundle(directory: str | Path, steps: int = 50, seed: int = 7) -> Path:
    """Write a bundle that passes verification to ``directory``; returns that path. Needs ``onnx``."""
    contract = tiny_contract()
    networks = TinyNetworks(contract, seed)
    return write_bundle(
        directory,
        contract,
        networks.graphs(),
        InitialState(networks.initial_deter, networks.initial_stoch),
        tiny_golden(contract, networks, steps),
        metadata={"preset": "tiny", "env_steps": 0, "seed": seed},
        created="2024-01-01",
        model_card="# Tiny bundle\n\nRandom networks for tests. It does not walk.\n",
    )
