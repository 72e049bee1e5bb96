"""Detects falls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mujoco

#: Height of base_link over the lowest foot: of a standing robot at least, of a lying robot at most [m].
STANDING_HEIGHT = 0.22
LYING_HEIGHT = 0.13
#: Tilt beyond which a robot has fallen, whatever touches the ground [rad]: about the tilt at which the safety
#: monitor damps the motors at the latest. On boxes of 0.4 m and wide gaps a walking robot exceeds 60 degrees.
FALLEN_TILT = math.radians(80.0)
#: A shorter time from standing to the trunk on the ground is a fall; sitting down takes longer [s].
FASTEST_SITTING = 0.5


class FallDetector:
    """``fallen`` stays true once set. A robot that has not stood yet cannot fall."""

    def __init__(self, model: mujoco.MjModel) -> None:
        # Imported here: the thresholds above are also read where MuJoCo is not loaded.
        from .a1 import LEGS

        self.fallen = False
        self._last_standing: float | None = None
        self._feet = [model.geom(f"{leg}_foot").id for leg in LEGS]
        self._trunk_contact = model.sensor("trunk").adr[0]

    def update(self, data: mujoco.MjData, time: float) -> None:
        """Update ``fallen`` from the state ``data`` at ``time`` [s]."""
        height = data.qpos[2] - data.geom_xpos[self._feet, 2].min()
        _, x, y, _ = data.qpos[3:7]
        cosine_of_tilt = 1.0 - 2.0 * (x * x + y * y)
        upright = cosine_of_tilt > math.cos(FALLEN_TILT)
        if upright and height > STANDING_HEIGHT:
            self._last_standing = time
        if self._last_standing is None:
            return
        trunk_down = data.sensordata[self._trunk_contact] > 0 and height < LYING_HEIGHT
        dropped = trunk_down and time - self._last_standing < FASTEST_SITTING
        self.fallen = self.fallen or not upright or dropped
