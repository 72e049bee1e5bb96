"""How hard joints may be damped: no harder than their torque, and the power of all of them, allow."""

from __future__ import annotations

from typing import Union

import numpy as np

from wmp_core.control.power import power_share

#: No joint turns or spins this far (rad, rad/s); readings beyond are a broken sensor or packet.
IMPLAUSIBLE = 1e3


def damping_gain(
    kd: float, dq: np.ndarray, torque_limit: Union[float, np.ndarray], power_limit: float
) -> np.ndarray:
    """Gain of every joint in N m s/rad ``[J]``: ``kd``, weakened where joints are too fast for it.

    Args:
        kd: N m s/rad of a joint that is slow enough.
        dq: measured velocities ``[J]`` in rad/s. One that cannot be counts as 0: a joint whose speed is not
            known is damped in full, and does not cost the others theirs.
        torque_limit: N m, of each joint or of all alike.
        power_limit: W of all joints together; what is beyond is taken off all of them alike.
    """
    speed = np.abs(np.asarray(dq, dtype=np.float64))
    speed = np.where(speed < IMPLAUSIBLE, speed, 0.0)
    gain = kd * torque_limit / np.maximum(kd * speed, torque_limit)
    return gain * power_share(gain * speed, speed, power_limit)
