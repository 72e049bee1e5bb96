"""A walk is refused as long as the graph cannot serve it."""

from types import SimpleNamespace

import pytest

from wmp_controller.graph_monitor import GraphMonitor
from wmp_ros.status import BUNDLE_SHA256, NodeStatus

OURS, OTHER = "0" * 64, "f" * 64


class Scene:
    """A graph that can serve a walk; tests break it."""

    def __init__(self):
        self.latent_publishers, self.clock_warning = 1, None
        self.publisher = SimpleNamespace(step_listeners={"a", "b"})
        node = SimpleNamespace(
            count_publishers=lambda topic: self.latent_publishers,
            get_publishers_info_by_topic=lambda topic: [
                SimpleNamespace(node_namespace="/", node_name=name)
                for name in ("world_model_node", "stranger")[: self.latent_publishers]
            ],
        )
        self.monitor = GraphMonitor(node, self.publisher, ["a", "b"], OURS, lambda: self.clock_warning)

    @property
    def veto(self):
        self.monitor.update()
        return self.monitor.veto


@pytest.fixture
def scene():
    return Scene()


def status(sha256, node="world_model_node"):
    return NodeStatus(node, True, "running", {} if sha256 is None else {BUNDLE_SHA256: sha256})


def test_before_the_first_check_there_is_a_veto_and_a_complete_graph_has_none(scene):
    assert scene.monitor.veto is not None
    assert scene.veto is None


def test_a_missing_subscriber_is_named(scene):
    scene.publisher.step_listeners = {"a", "c"}
    assert scene.veto.startswith("b not subscribed to wmp/policy_step")


def test_without_a_publisher_of_latents_there_is_a_veto(scene):
    scene.latent_publishers = 0
    assert "wmp/latent has no publisher" in scene.veto


def test_a_second_publisher_of_latents_is_named(scene):
    scene.latent_publishers = 2
    assert "has 2 publishers, expected one: stop all but one of /stranger, /world_model_node" in scene.veto
    assert len(scene.monitor.rivals) == 3


def test_another_bundle_is_vetoed_until_the_node_reports_the_same_one(scene):
    scene.monitor.on_status(status(OTHER))
    assert "world_model_node runs another bundle (ffffffffffff)" in scene.veto
    scene.monitor.on_status(status(OURS))
    assert scene.veto is None


def test_a_perception_node_that_names_no_bundle_is_vetoed(scene):
    scene.monitor.on_status(status(None))
    assert scene.veto.startswith("world_model_node does not say which bundle it runs")


def test_other_nodes_cause_no_veto(scene):
    scene.monitor.on_status(status(OTHER, node="someone"))
    assert scene.veto is None


def test_a_clock_warning_is_a_veto(scene):
    scene.clock_warning = "the system's time was set"
    assert scene.veto == "the system's time was set"
