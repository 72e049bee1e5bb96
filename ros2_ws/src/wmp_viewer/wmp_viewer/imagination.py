"""The three depth images of the page, once per world-model step (0.1 s).

For world-model tick n: ``sees`` is the image that the model used; ``believes`` is what it decodes from its
state after that image; ``foresaw`` is what it predicted for n from its state 1 s earlier, without images,
given the actions since. All three are comparable, pixel by pixel.
"""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from typing import Any, TypeVar

import numpy as np

from wmp_core.bundle import Bundle
from wmp_core.inference.imagination import believed_depth, roll_out
from wmp_core.inference.world_model import Source
from wmp_ros.stamps import to_seconds

#: World-model steps between a prediction and its moment: 1 s.
AHEAD = 10
#: Number of depth images kept until the latent that used them arrives.
_IMAGES = 30

T = TypeVar("T")


class Imagination:
    """Collects steps, depth images and latents; :meth:`on_latent` returns the images of a step."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._interval = bundle.contract.timing.world_model_interval
        self._size = (bundle.contract.depth.height, bundle.contract.depth.width)
        self._clear()

    def _clear(self) -> None:
        self._actions: OrderedDict[int, np.ndarray] = OrderedDict()
        self._images: OrderedDict[int, np.ndarray] = OrderedDict()
        self._h: OrderedDict[int, np.ndarray] = OrderedDict()
        self._z: OrderedDict[int, np.ndarray] = OrderedDict()

    def on_step(self, message: Any) -> None:
        """Use a ``PolicyStep``."""
        if message.is_first:
            images = self._images
            self._clear()
            self._images = images  # those of the first step may be here already
        action = np.asarray(message.action, dtype=np.float32)
        _keep(self._actions, message.tick, action, (AHEAD + 4) * self._interval)

    def on_depth(self, message: Any) -> None:
        """Use a ``wmp/depth`` image, 32FC1 in m; an empty one means that there is none."""
        order = ">" if message.is_bigendian else "<"
        metres = np.frombuffer(bytes(message.data), dtype=f"{order}f4")
        if (message.height, message.width) == self._size and metres.size == math.prod(self._size):
            _keep(self._images, _microseconds(message.header.stamp), metres.reshape(self._size), _IMAGES)

    def on_latent(self, message: Any) -> list[dict[str, Any]]:
        """Use a ``Latent``: its h is of its tick, its z of the world-model step before.

        Returns one ``images`` item for that step, with depth 8 bit (0 is 0 m, 255 is the contract's ``far``),
        base64, or None where there is none.
        """
        tick = message.tick - self._interval
        h, z = np.asarray(message.h, dtype=np.float32), np.asarray(message.z, dtype=np.int64)
        before = self._h.get(tick)
        _keep(self._h, message.tick, h, AHEAD + 4)
        if before is None:
            return []
        _keep(self._z, tick, z, AHEAD + 4)
        source, shown = Source(message.source), to_seconds(message.header.stamp)
        seen = self._images.get(_microseconds(message.depth_stamp)) if source is Source.POSTERIOR else None
        believed = believed_depth(self._bundle, before[None], z[None])[0]
        return [
            {
                "kind": "images",
                "t": round(shown, 3),
                "tick": tick,
                "captured": round(self._captured(message, source, shown), 3),
                "source": source.name.lower(),
                "sees": self._encoded(seen),
                "believes": self._encoded(believed),
                "foresaw": self._encoded(self._foresaw(tick)),
                "surprise": None if math.isnan(message.kl) else round(float(message.kl), 2),
                "age": None if math.isnan(message.depth_age) else round(float(message.depth_age), 3),
                "advance_ms": round(float(message.advance_ms), 3),
            }
        ]

    def _captured(self, message: Any, source: Source, shown: float) -> float:
        """Time [s] at which the camera was where these images are seen from, with an image or without."""
        if source is Source.POSTERIOR:
            return to_seconds(message.depth_stamp)
        timing = self._bundle.contract.timing
        return shown - (self._interval - 1) * timing.control_period - timing.depth_age

    def _foresaw(self, tick: int) -> np.ndarray | None:
        """What the model predicted for ``tick`` 1 s earlier; None until then, and after missing messages."""
        start = tick - AHEAD * self._interval
        actions = [self._actions.get(number) for number in range(start, tick)]
        h, z = self._h.get(start), self._z.get(start)
        if h is None or z is None or any(action is None for action in actions):
            return None
        taken = np.stack([action for action in actions if action is not None]).reshape(1, AHEAD, -1)
        return believed_depth(self._bundle, *roll_out(self._bundle, h[None], z[None], taken))[0]

    def _encoded(self, metres: np.ndarray | None) -> str | None:
        if metres is None:
            return None
        levels = np.clip(np.rint(metres * (255 / self._bundle.contract.depth.far)), 0, 255)
        return base64.b64encode(levels.astype(np.uint8).tobytes()).decode("ascii")


def _keep(entries: OrderedDict[int, T], key: int, value: T, count: int) -> None:
    """Add an entry, and forget the oldest beyond ``count``."""
    entries[key] = value
    while len(entries) > count:
        entries.popitem(last=False)


def _microseconds(stamp: Any) -> int:
    return round(1e6 * stamp.sec + 1e-3 * stamp.nanosec)
