"""cmd_vel is heard in the type of its publisher; a second publisher or another type is named."""

import time

import pytest
import rclpy
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String

from wmp_controller.cmd_vel import CmdVel
from wmp_controller.operator import RosOperator

DOMAIN = 47


class Scene:
    """A controller's topic, and publishers in participants of their own: one participant has one type."""

    def __init__(self, context):
        self.node = rclpy.create_node("policy_node", context=context)
        self.others, self.contexts = {}, []
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.operator = RosOperator(lambda ticket, refusal: None)
        self.topic = CmdVel(self.node, self.operator)

    def publisher(self, kind, node="joystick"):
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=DOMAIN)
        self.contexts.append(context)
        other = rclpy.create_node(node, namespace="/pad", context=context)
        publisher = other.create_publisher(kind, "/cmd_vel", 1)
        self.others[publisher] = other
        return publisher

    def remove(self, publisher):
        self.others.pop(publisher).destroy_node()

    def until(self, condition):
        deadline = time.monotonic() + 20.0
        while not condition():
            assert time.monotonic() < deadline, self.topic.problem
            self.topic.update()
            self.executor.spin_once(timeout_sec=0.05)

    def heard(self):
        newest = self.operator.velocity(0.0)
        return None if newest is None else newest.value.tolist()


@pytest.fixture
def scene():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=DOMAIN)
    scene = Scene(context)
    yield scene
    scene.executor.shutdown()
    scene.node.destroy_node()
    for publisher in list(scene.others):
        scene.remove(publisher)
    for used in (*scene.contexts, context):
        rclpy.shutdown(context=used)


def stamped(vx):
    message = TwistStamped()
    message.twist.linear.x = vx
    return message


def plain(vx):
    message = Twist()
    message.linear.x = vx
    return message


@pytest.mark.parametrize(("kind", "command"), [(Twist, plain(0.5)), (TwistStamped, stamped(0.5))])
def test_both_types_are_heard(scene, kind, command):
    publisher = scene.publisher(kind)

    def heard():
        publisher.publish(command)
        return scene.heard() == [0.5, 0.0, 0.0]

    scene.until(heard)
    assert scene.topic.problem is None


def test_a_publisher_of_the_other_type_takes_over_from_one_that_has_left(scene):
    first = scene.publisher(Twist)
    scene.until(lambda: (first.publish(plain(0.2)), scene.heard() is not None)[1])
    scene.remove(first)
    scene.until(lambda: scene.node.count_publishers("cmd_vel") == 0)
    second = scene.publisher(TwistStamped)
    scene.until(lambda: (second.publish(stamped(0.7)), scene.heard() == pytest.approx([0.7, 0, 0]))[1])


def test_a_publisher_that_replaces_another_between_two_checks_is_noticed(scene):
    first = scene.publisher(Twist)
    scene.until(lambda: (first.publish(plain(0.2)), scene.heard() is not None)[1])
    second = scene.publisher(TwistStamped)
    scene.remove(first)
    deadline = time.monotonic() + 20.0
    while [info.topic_type for info in scene.node.get_publishers_info_by_topic("cmd_vel")] != [
        "geometry_msgs/msg/TwistStamped"
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    scene.until(lambda: (second.publish(stamped(0.7)), scene.heard() == pytest.approx([0.7, 0, 0]))[1])


def test_a_second_publisher_is_a_problem_that_names_both_until_it_leaves(scene):
    scene.publisher(Twist)
    second = scene.publisher(Twist, node="script")
    named = "cmd_vel has 2 publishers, expected one: stop all but one of /pad/joystick, /pad/script"
    scene.until(lambda: scene.topic.problem == named)
    scene.remove(second)
    scene.until(lambda: scene.topic.problem is None)


def test_another_type_is_a_problem_that_names_it(scene):
    scene.publisher(String)
    scene.until(lambda: scene.topic.problem is not None)
    assert "published as std_msgs/msg/String, expected geometry_msgs/msg/Twist or" in scene.topic.problem
