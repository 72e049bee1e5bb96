"""Services of the operator: answers arrive promptly, and one pending request does not block another."""

import threading

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

from wmp_controller.operator_topics import create_operator
from wmp_core.control.modes import Mode


class Controller:
    """A node with an operator's services; :attr:`futures` are the pending answers."""

    def __init__(self, context):
        self.node = rclpy.create_node("policy_node", context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.futures = []
        self.operator, _ = create_operator(self.node, lambda future, refusal: self.futures.append(future))

    def poll_operator(self):
        """Poll as the control thread does."""
        while self.operator.next_request(Mode.PASSIVE, 0.0) is not None:
            self.operator.answer(None)


@pytest.fixture
def scene():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=46)
    controller = Controller(context)
    node = rclpy.create_node("client", context=context)
    clients = {name: node.create_client(Trigger, f"policy_node/{name}") for name in ("walk", "stop")}
    for client in clients.values():
        assert client.wait_for_service(20.0)
    client_executor = SingleThreadedExecutor(context=context)
    client_executor.add_node(node)
    yield controller, client_executor, clients
    client_executor.shutdown()
    controller.executor.shutdown()
    controller.node.destroy_node()
    node.destroy_node()
    rclpy.shutdown(context=context)


def spin_until(controller, condition):
    for _ in range(100):
        controller.poll_operator()
        if condition():
            return
        controller.executor.spin_once(timeout_sec=0.1)
    raise AssertionError("the condition did not become true within 100 callbacks")


def test_an_answer_wakes_an_idle_executor(scene):
    controller, client_executor, clients = scene
    response = clients["walk"].call_async(Trigger.Request())
    spin_until(controller, lambda: controller.futures)
    answer = threading.Timer(0.5, controller.futures[0].set_result, (None,))
    timed_out = threading.Event()
    alarm = threading.Timer(20.0, lambda: (timed_out.set(), controller.executor.wake()))
    answer.start()
    alarm.start()
    while not response.done() and not timed_out.is_set():
        controller.executor.spin_once(timeout_sec=60.0)
        client_executor.spin_once(timeout_sec=0.1)
    alarm.cancel()
    assert not timed_out.is_set()


def test_a_stop_is_accepted_while_another_request_waits_for_its_answer(scene):
    controller, _, clients = scene
    clients["walk"].call_async(Trigger.Request())
    spin_until(controller, lambda: len(controller.futures) == 1)
    clients["stop"].call_async(Trigger.Request())
    spin_until(controller, lambda: len(controller.futures) == 2)
