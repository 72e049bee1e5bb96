"""The launcher damps the robot when its controller was killed.

A controller that ends normally damps the robot itself. A killed one cannot, and it is not known for how long
the motors of an A1 keep executing their last command.

The commands go over UDP to ``robot.address`` even if the controller used the SDK: loading the SDK can end the
process, here the launcher.
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
#: Longest time [s] to wait for the joint velocities; a robot answers a command within 2 ms.
ANSWER_DEADLINE = 0.05
#: Setting of the link -> parameter of the controller; an absent parameter has the same default in both.
_PARAMETERS = {
    "robot_host": "robot.address",
    "robot_port": "robot.port",
    "local_port": "robot.local_port",
    "damping_kd": "envelope.damping_kd",
    "damping_power": "envelope.power_limit",
}

_log = logging.getLogger(__name__)


def damp_if_controller_died(specs: Sequence[NodeSpec], exits: Iterable[NodeExit]) -> bool:
    """Damp the robot if a signal that it could not handle ended the controller; returns whether it did."""
    if not any(ended.name == CONTROLLER and ended.code < 0 for ended in exits):
        return False
    damp(next(spec for spec in specs if spec.name == CONTROLLER))
    return True


def damp(controller: NodeSpec) -> None:
    """Send damping commands to the robot of ``controller``, as the controller does at its end."""
    parameters = controller.effective_parameters()
    settings = {key: parameters[name] for key, name in _PARAMETERS.items() if name in parameters}
    link = A1Link(A1LinkSettings(**settings), MOTOR_JOINTS)
    try:
        link.open()
    except LinkError as error:
        _log.error("the robot could not be damped: %s", error)
        return
    # Full damping of a fast joint exceeds the power limit of its motor: the link reduces it once it knows the
    # velocity, which the robot sends in response to a command. This one produces no torque.
    link.send(MotorCommand.damping(0.0))
    link.receive(ANSWER_DEADLINE)
    link.close()  # sends damping
    _log.warning("%s was killed: damping commands were sent to the robot", CONTROLLER)
