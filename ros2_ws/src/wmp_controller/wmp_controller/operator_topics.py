"""Creates the operator that the parameters name, with its services and topics."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Joy
from std_srvs.srv import Trigger

from wmp_controller.cmd_vel import CmdVel
from wmp_controller.joystick_operator import JoystickOperator, RemoteOperator, pad_from_joy
from wmp_controller.operator import Operator, RosOperator, Script, ScriptedOperator
from wmp_core.control.joystick import JoystickSettings
from wmp_core.control.modes import Request
from wmp_ros.parameters import declare, declare_settings

Reply = Callable[[object, Optional[str]], None]


def create_operator(node: Node, reply: Reply) -> Tuple[Operator, Optional[CmdVel]]:
    """The operator named by parameter ``operator``, connected to ``node``, and its ``cmd_vel`` if it has one.

    Every operator has the services ``~/stand_up``, ``~/walk``, ``~/sit_down`` and ``~/stop``. The script has
    two: ``~/sit_down`` ends it, ``~/stop`` ends it at once in damping. ``ros`` subscribes to ``cmd_vel``,
    ``joy`` to ``joy``.

    Args:
        node: declares ``operator``, ``script.*`` and, for a joystick, ``joystick.*`` and ``joy.*``.
        reply: called in the control thread as ``reply(future, refusal)``; makes ``refusal`` the result of
            ``future``, or logs it if ``future`` is None.

    Raises:
        ValueError: a parameter is out of its range.
    """
    kind = declare(node, "operator", "ros")
    script = _script(node)
    if kind == "script":
        scripted = ScriptedOperator(script, reply)
        for request, end, message in (
            (Request.SIT_DOWN, scripted.end, "the script ends and sits down"),
            (Request.STOP, scripted.stop, "the script ends, the joints are damped"),
        ):
            node.create_service(Trigger, f"~/{request.value}", _end_service(end, message))
        return scripted, None
    cmd_vel = None
    if kind == "ros":
        operator = RosOperator(reply)
        cmd_vel = CmdVel(node, operator)
    elif kind == "remote":
        operator = RemoteOperator(reply, declare_settings(node, "joystick", JoystickSettings))
    elif kind == "joy":
        operator = JoystickOperator(reply, declare_settings(node, "joystick", JoystickSettings))
        _subscribe_joy(node, operator)
    else:
        raise ValueError(f"parameter operator is {kind!r}, expected 'ros', 'remote', 'joy' or 'script'")
    # Reentrant: while a request waits for the control thread's answer, latents and a stop must get through.
    group = ReentrantCallbackGroup()
    for request in Request:
        serve = _service(node, operator, request)
        node.create_service(Trigger, f"~/{request.value}", serve, callback_group=group)
    return operator, cmd_vel


def _script(node: Node) -> Script:
    velocity = tuple(declare(node, f"script.{axis}", 0.0) for axis in ("vx", "vy", "yaw"))
    return declare_settings(node, "script", Script, velocity=velocity)


def _end_service(end: Callable[[], None], message: str) -> Any:
    """Callback of a Trigger service that ends a script; it answers before the robot has reacted."""

    def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        end()
        response.success, response.message = True, message
        return response

    return serve


def _subscribe_joy(node: Node, operator: JoystickOperator) -> None:
    # Order of an Xbox pad in package joy; its left shoulder button is L2, one of the two stop buttons.
    names = declare(node, "joy.buttons", ["A", "B", "X", "Y", "L2", "R1"])
    sticks = declare(node, "joy.axes", [0, 1, 3, 4])
    if len(sticks) != 4:
        raise ValueError(f"parameter joy.axes is {list(sticks)}, expected 4 indices: left x, y, right x, y")

    def on_joy(joy: Joy) -> None:
        operator.on_pad(pad_from_joy(joy.axes, joy.buttons, sticks, names))

    node.create_subscription(Joy, "joy", on_joy, 10)


def _service(node: Node, operator: RosOperator, request: Request) -> Any:
    """Callback of the Trigger service for ``request``: answers once the control thread has decided."""

    async def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        answer = Future(executor=node.executor)
        # Only a done callback wakes a waiting executor; without one the answer is delayed until it wakes.
        answer.add_done_callback(lambda _: None)
        operator.submit(request, answer)
        refusal = await answer
        response.success, response.message = refusal is None, refusal or f"{request.value} granted"
        return response

    return serve
