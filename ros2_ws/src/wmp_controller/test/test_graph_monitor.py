"""A walk is refused as long as the graph cannot serve it."""

from types import SimpleNamespace

import pytest

from wmp_controller.graph_monitor import GraphMonitor
from wmp_ros.status import NodeStatus


class Scene:
    """A graph that can serve; tests break it."""

    def __init__(self):
        self.listeners, self.latent_publishers, self.clock_step = {"a", "b"}, 1, 0.0
        node = SimpleNamespace(count_publishers=lambda topic: self.latent_publishers)
        self.monitor = GraphMonitor(
            node, lambda: self.listeners, ["a", "b"], "0" * 64, lambda: self.clock_step
        )

    @property
    def veto(self):
        self.monitor.update()
        return self.monitor.veto


@pytest.fixture
def scene():
    return Scene()


def status(sha256, node="world_model_node"):
    return NodeStatus(node, True, "running", {} if sha256 is None else {"bundle_sha256": sha256})


def test_before_the_first_check_there_is_a_veto_and_a_complete_graph_has_none(scene):
    assert scene.monitor.veto is not None
    assert scene.veto is None


def test_a_missing_listener_is_named(scene):
    scene.listeners = {"a"}
    assert "b not listening" in scene.veto


def test_without_a_publisher_of_latents_there_is_a_veto(scene):
    scene.latent_publishers = 0
    assert "nobody publishes wmp/latent" in scene.veto


def test_another_bundle_is_vetoed_until_the_node_reports_the_same_one(scene):
    scene.monitor.on_status(status("f" * 64))
    assert "world_model_node runs another bundle (ffffffffffff)" in scene.veto
    scene.monitor.on_status(status("0" * 64))
    assert scene.veto is None


def test_nodes_without_a_bundle_and_other_nodes_are_not_vetoed(scene):
    scene.monitor.on_status(status(None))
    scene.monitor.on_status(status("f" * 64, node="someone"))
    assert scene.veto is None


@pytest.mark.parametrize(("step", "is_vetoed"), [(0.019, False), (0.021, True), (-0.021, True)])
def test_a_change_of_the_system_time_beyond_20_ms_is_vetoed(scene, step, is_vetoed):
    scene.clock_step = step
    assert (scene.veto is not None) is is_vetoed
