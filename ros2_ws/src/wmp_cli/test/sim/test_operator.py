"""The operator talks to the controller's services the way a careful person would."""

import math
import time

import pytest
import rclpy
from geometry_msgs.msg import Twist
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.service import Service
from std_srvs.srv import Trigger

from wmp_cli.sim.operator import Operator, VelocityCommand


class Controller:
    """A node with the controller's services, which refuses to walk twice."""

    def __init__(self, context):
        self.node = rclpy.create_node("policy_node", context=context)
        self.mode, self.requests, self.velocities = "PASSIVE", [], []
        for request in ("stand_up", "walk", "sit_down"):
            self.node.create_service(
                Trigger, f"~/{request}", lambda _, response, name=request: self.serve(name, response)
            )
        self.node.create_subscription(Twist, "cmd_vel", self.velocities.append, 10)

    def serve(self, request, response):
        self.requests.append(request)
        response.success = request != "walk" or self.requests.count("walk") > 2
        response.message = "" if response.success else "walk refused: hip is 0.5 rad off"
        if response.success:
            self.mode = {"stand_up": "STAND", "walk": "WALK", "sit_down": "PASSIVE"}[request]
        return response


@pytest.fixture
def scene():
    context = Context()
    rclpy.init(context=context, domain_id=45)
    controller = Controller(context)
    node = rclpy.create_node("someone", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(controller.node)
    executor.add_node(node)
    operator = Operator(node, VelocityCommand(0.5, -0.1, 0.2))

    def until(condition, act):
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, (controller.mode, controller.requests)
            act(controller.mode)
            executor.spin_once(timeout_sec=0.02)

    yield controller, operator, until
    controller.node.destroy_node()
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_refused_walk_is_asked_for_again_and_the_refusal_is_remembered(scene):
    controller, operator, until = scene
    until(lambda: operator.refusal, operator.pursue)
    assert operator.refusal == "walk: walk refused: hip is 0.5 rad off"
    until(lambda: controller.mode == "WALK", operator.pursue)
    assert controller.requests == ["stand_up", "walk", "walk", "walk"]


def test_a_request_whose_response_is_lost_does_not_block_the_next(scene, monkeypatch):
    controller, operator, until = scene
    monkeypatch.setattr(Service, "send_response", lambda *_: None)
    until(lambda: controller.mode == "STAND", operator.pursue)
    monkeypatch.undo()
    monkeypatch.setattr("wmp_cli.sim.operator.RESPONSE_TIMEOUT", 0.5)
    until(lambda: controller.mode == "WALK", operator.pursue)


def test_the_velocity_is_published_while_walking_and_not_after_it(scene):
    controller, operator, until = scene
    until(lambda: len(controller.velocities) > 3, operator.pursue)
    command = controller.velocities[-1]
    assert (command.linear.x, command.linear.y, command.angular.z) == (0.5, -0.1, 0.2)
    until(lambda: controller.mode == "WALK", operator.pursue)
    until(lambda: controller.mode == "PASSIVE", operator.sit_down)
    assert controller.requests[-1] == "sit_down"
    before = len(controller.velocities)
    deadline = time.monotonic() + 0.3
    until(lambda: time.monotonic() > deadline, operator.sit_down)
    assert len(controller.velocities) <= before + 1


def test_a_robot_that_was_halted_is_not_told_to_walk_again(scene):
    controller, operator, until = scene
    until(lambda: controller.mode == "WALK", operator.pursue)
    operator.pursue("WALK")
    requests = list(controller.requests)
    deadline = time.monotonic() + 0.5
    until(lambda: time.monotonic() > deadline, lambda mode: operator.pursue("STAND"))
    assert operator.was_halted("STAND") and not operator.was_halted("WALK")
    assert controller.requests == requests


def test_a_velocity_without_a_yaw_rate_is_steered_back_to_the_heading_of_the_start():
    context = Context()
    rclpy.init(context=context, domain_id=45)
    node = rclpy.create_node("someone", context=context)
    headings = iter([3.0, 2.5, -3.0])
    operator = Operator(node, VelocityCommand(0.5, 0.0, 0.0), heading_gain=0.8, yaw=lambda: next(headings))
    assert operator._steered().yaw == 0.0  # not before it walks
    operator.pursue("WALK")
    assert operator._steered() == VelocityCommand(0.5, 0.0, pytest.approx(0.4))
    assert operator._steered().yaw == pytest.approx(-0.8 * (2 * math.pi - 6.0))  # the short way round
    node.destroy_node()
    rclpy.shutdown(context=context)
