"""What a launcher does for a robot whose controller has died: tell the motors to damp.

A controller that ends by itself does that on its way out. One that was killed cannot, and how long an A1's
motors go on with their last command is not known.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from wmp_bringup.graph import NodeSpec
from wmp_bringup.processes import NodeExit
from wmp_core.a1.joints import MOTOR_JOINTS
from wmp_core.a1.link import A1Link, A1LinkSettings, LinkError

CONTROLLER = "policy_node"

_log = logging.getLogger(__name__)


def damp_if_controller_died(specs: Sequence[NodeSpec], exits: Iterable[NodeExit]) -> bool:
    """Send damping if the controller was ended by a signal that it could not handle; returns whether."""
    if not any(ended.name == CONTROLLER and ended.code < 0 for ended in exits):
        return False
    damp(next(spec for spec in specs if spec.name == CONTROLLER))
    return True


def damp(controller: NodeSpec) -> None:
    """Send damping several times to the robot that ``controller`` was to drive."""
    parameters = controller.effective_parameters()
    settings = A1LinkSettings(
        robot_host=parameters["robot.address"],
        robot_port=parameters["robot.port"],
        local_port=parameters["robot.local_port"],
    )
    link = A1Link(settings, MOTOR_JOINTS)
    try:
        link.open()
    except LinkError as error:
        _log.error("the robot could not be damped: %s", error)
        return
    link.close()  # which sends damping
    _log.warning("%s has died: the robot has been told to damp", CONTROLLER)
