"""The operator that the parameters ask for, and the services and topics by which people reach it."""

from __future__ import annotations

from typing import Any, Callable, Optional

from geometry_msgs.msg import Twist
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Joy
from std_srvs.srv import Trigger

from wmp_controller.joystick_operator import JoystickOperator, RemoteOperator, pad_from_joy
from wmp_controller.operator import Operator, RosOperator, Script, ScriptedOperator
from wmp_core.control.joystick import JoystickSettings
from wmp_core.control.modes import Request
from wmp_ros.parameters import declare, declare_settings

Reply = Callable[[object, Optional[str]], None]


def create_operator(node: Node, reply: Reply) -> Operator:
    """The operator named by parameter ``operator``, connected to ``node``.

    Everyone but the script is asked by services as well; the script only to end, by ``~/sit_down`` or, at
    once and in damping, by ``~/stop``. ``cmd_vel`` is listened to by ``ros``, ``joy`` by ``joy``.

    Args:
        node: declares ``operator``, ``script.*`` and, for a joystick, ``joystick.*`` and ``joy.*``.
        reply: called in the control thread as ``reply(future, refusal)``; sees to it that ``future`` gets
            ``refusal`` as its result, or that a refusal is told where there is no ``future``.

    Raises:
        ValueError: a parameter is out of its range.
    """
    kind = declare(node, "operator", "ros")
    script = _script(node)
    if kind == "script":
        scripted = ScriptedOperator(script, reply)
        for request, end, told in (
            (Request.SIT_DOWN, scripted.end, "the script ends and sits down"),
            (Request.STOP, scripted.stop, "the script ends, the joints are damped"),
        ):
            node.create_service(Trigger, f"~/{request.value}", _ending(end, told))
        return scripted
    if kind == "ros":
        operator = RosOperator(reply)
        _listen_to_cmd_vel(node, operator)
    elif kind == "remote":
        operator = RemoteOperator(reply, declare_settings(node, "joystick", JoystickSettings))
    elif kind == "joy":
        operator = JoystickOperator(reply, declare_settings(node, "joystick", JoystickSettings))
        _listen_to_joy(node, operator)
    else:
        raise ValueError(f"parameter operator is {kind!r}, expected 'ros', 'remote', 'joy' or 'script'")
    # While one waits for the control thread's answer, latents arrive, and so may a stop.
    group = ReentrantCallbackGroup()
    for request in Request:
        serve = _service(node, operator, request)
        node.create_service(Trigger, f"~/{request.value}", serve, callback_group=group)
    return operator


def _script(node: Node) -> Script:
    velocity = tuple(declare(node, f"script.{axis}", 0.0) for axis in ("vx", "vy", "yaw"))
    return declare_settings(node, "script", Script, velocity=velocity)


def _ending(end: Callable[[], None], told: str) -> Any:
    """Callback of a Trigger service that ends a script; answers at once, before the robot has done it."""

    def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        end()
        response.success, response.message = True, told
        return response

    return serve


def _listen_to_cmd_vel(node: Node, operator: RosOperator) -> None:
    def on_cmd_vel(twist: Twist) -> None:
        refusal = operator.command(twist.linear.x, twist.linear.y, twist.angular.z)
        if refusal is not None:
            node.get_logger().warning(refusal, throttle_duration_sec=1.0)

    node.create_subscription(Twist, "cmd_vel", on_cmd_vel, 1)


def _listen_to_joy(node: Node, operator: JoystickOperator) -> None:
    # As the package joy numbers an Xbox pad; the left shoulder button is the stop's first half.
    names = declare(node, "joy.buttons", ["A", "B", "X", "Y", "L2", "R1"])
    sticks = declare(node, "joy.axes", [0, 1, 3, 4])
    if len(sticks) != 4:
        raise ValueError(f"parameter joy.axes is {list(sticks)}, expected 4 indices: left x, y, right x, y")

    def on_joy(joy: Joy) -> None:
        operator.hand(pad_from_joy(joy.axes, joy.buttons, sticks, names))

    node.create_subscription(Joy, "joy", on_joy, 10)


def _service(node: Node, operator: RosOperator, request: Request) -> Any:
    """Callback of the Trigger service for ``request``: answers when the control thread has."""

    async def serve(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        answer = Future(executor=node.executor)
        # Only a callback wakes an executor that waits; without one the answer lies there until it is awake.
        answer.add_done_callback(lambda _: None)
        operator.submit(request, answer)
        refusal = await answer
        response.success, response.message = refusal is None, refusal or f"{request.value} granted"
        return response

    return serve
