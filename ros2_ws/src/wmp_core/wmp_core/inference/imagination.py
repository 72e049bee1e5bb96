"""What the world model believes and predicts, as depth images.

The decoder and the prior never run in the control loop: viewers and reports call these functions.
"""

from __future__ import annotations

from typing import Tuple

import numpy as np

from wmp_core.bundle import Bundle


def believed_depth(bundle: Bundle, h: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The decoded depth images ``[B, H, W]`` m of the states h ``[B, D]`` and z ``[B, S]``."""
    depth = bundle.contract.depth
    outputs = bundle.models["decoder"].run(deter=h, stoch=z)
    return np.clip((outputs["depth"][:, 0] + 0.5) * depth.far, depth.near, depth.far)


def roll_out(
    bundle: Bundle, h: np.ndarray, z: np.ndarray, actions: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Open-loop prediction: h ``[B, D]`` and z ``[B, S]`` after ``T`` world-model steps without images.

    Args:
        bundle: whose ``advance`` and ``prior`` run.
        h, z: the states from which to start.
        actions: ``[B, T, k * J]`` of each world-model step, oldest first.
    """
    for step in range(actions.shape[1]):
        h = bundle.models["advance"].run(deter=h, stoch=z, actions=actions[:, step])["next_deter"]
        z = bundle.models["prior"].run(deter=h)["stoch"]
    return h, z
