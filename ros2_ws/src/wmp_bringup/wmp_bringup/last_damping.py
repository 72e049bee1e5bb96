"""What a launcher does for a robot whose controller has died: tell the motors to damp.

A controller that ends by itself does that on its way out. One that was killed cannot, and how long an A1's
motors go on with their last command is not known.

This goes over UDP to ``robot.address`` also where the controller used a binding of the SDK, which may end the
process that loads it, and with it the launcher.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from wmp_bringup.graph import NodeSpec
from wmp_bringup.processes import NodeExit
from wmp_core.a1.joints import MOTOR_JOINTS
from wmp_core.a1.link import A1Link, A1LinkSettings, LinkError
from wmp_core.control.command import MotorCommand

CONTROLLER = "policy_node"
#: s that a robot is given to tell its joints' speeds; it answers a command within 2 ms.
ANSWER_DEADLINE = 0.05
#: What the link takes from the controller's parameters; those left out have the same defaults in both.
_PARAMETERS = {
    "robot_host": "robot.address",
    "robot_port": "robot.port",
    "local_port": "robot.local_port",
    "damping_kd": "envelope.damping_kd",
    "damping_power": "envelope.power_limit",
}

_log = logging.getLogger(__name__)


def damp_if_controller_died(specs: Sequence[NodeSpec], exits: Iterable[NodeExit]) -> bool:
    """Send damping if the controller was ended by a signal that it could not handle; returns whether."""
    if not any(ended.name == CONTROLLER and ended.code < 0 for ended in exits):
        return False
    damp(next(spec for spec in specs if spec.name == CONTROLLER))
    return True


def damp(controller: NodeSpec) -> None:
    """Send damping several times to the robot that ``controller`` was to drive, as that would have itself."""
    parameters = controller.effective_parameters()
    settings = {key: parameters[name] for key, name in _PARAMETERS.items() if name in parameters}
    link = A1Link(A1LinkSettings(**settings), MOTOR_JOINTS)
    try:
        link.open()
    except LinkError as error:
        _log.error("the robot could not be damped: %s", error)
        return
    # Full damping of a fast joint exceeds what its motor may do: the link weakens it once it knows the speed,
    # which a robot tells in answer to a command. This one asks nothing of the motors.
    link.send(MotorCommand.damping(0.0))
    link.receive(ANSWER_DEADLINE)
    link.close()  # which sends damping
    _log.warning("%s has died: the robot has been told to damp", CONTROLLER)
