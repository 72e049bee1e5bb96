"""When a robot counts as fallen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mujoco

#: The base of a standing robot is this far above its lowest foot, that of a lying one below [m].
STANDING_HEIGHT = 0.22
LYING_HEIGHT = 0.13
#: Tilt of the base beyond which a robot has fallen, whatever touches the ground: about where the runtime lets
#: go of the motors at the latest. Boxes of 0.4 m and leaps over wide gaps take a robot beyond 60 degrees.
FALLEN_TILT = math.radians(80.0)
#: From standing to lying with the trunk on the ground in less time is a fall; sitting down takes longer [s].
FASTEST_SITTING = 0.5


class FallDetector:
    """Sticky: once ``fallen``, always fallen. A robot that has not stood yet cannot fall."""

    def __init__(self, model: mujoco.MjModel) -> None:
        # Imported here: the thresholds above are also read where MuJoCo is not loaded.
        from .a1 import LEGS

        self.fallen = False
        self._last_standing: float | None = None
        self._feet = [model.geom(f"{leg}_foot").id for leg in LEGS]
        self._trunk_contact = model.sensor("trunk").adr[0]

    def update(self, data: mujoco.MjData, time: float) -> None:
        """Judge the state of ``data`` at ``time`` s."""
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
