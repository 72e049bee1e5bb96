"""Checks whether the other nodes can serve a walking policy."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence

from rclpy.node import Node

from wmp_controller.report_publisher import ReportPublisher
from wmp_ros.graph import second_publisher
from wmp_ros.status import NodeStatus

#: Topics on which a second publisher would mix two walks.
_ONE_PUBLISHER = ("wmp/policy_step", "wmp/latent", "wmp/depth")
#: The nodes that load the bundle themselves.
_PERCEPTION_NODES = ("depth_node", "world_model_node")


class GraphMonitor:
    """Finds out whether every policy step reaches the perception nodes and their latents fit the policy.

    Attributes:
        veto: why a request to walk is refused, None if it is not. Any thread.

    Args:
        node: queries the graph.
        publisher: of ``wmp/policy_step``.
        listeners: names of the nodes that must subscribe to ``wmp/policy_step``.
        bundle_sha256: of the bundle that policy_node has loaded.
        input_problem: why clock or commands are not to be trusted, None if they are.
    """

    def __init__(
        self,
        node: Node,
        publisher: ReportPublisher,
        listeners: Sequence[str],
        bundle_sha256: str,
        input_problem: Callable[[], Optional[str]],
    ) -> None:
        self._node, self._publisher = node, publisher
        self._listeners = listeners
        self._bundle_sha256 = bundle_sha256
        self._input_problem = input_problem
        #: Lines that name several publishers of one topic of the walk.
        self.rivals: List[str] = []
        #: By node, once its status has arrived; empty if the status names none.
        self._other_bundles: Dict[str, str] = {}
        self.veto: Optional[str] = "the graph has not been checked yet"

    def on_status(self, status: NodeStatus) -> None:
        """Remember the bundle that a perception node reports in ``diagnostics``."""
        if status.node in _PERCEPTION_NODES:
            self._other_bundles[status.node] = status.bundle_sha256 or ""

    def update(self) -> None:
        """Check the graph and set :attr:`veto`."""
        found = (second_publisher(self._node, topic) for topic in _ONE_PUBLISHER)
        self.rivals = [line for line in found if line is not None]
        rival = self.rivals[0] if self.rivals else None
        self.veto = self._missing_node() or rival or self._other_bundle() or self._input_problem()

    def _missing_node(self) -> Optional[str]:
        listening = self._publisher.step_listeners
        missing: List[str] = [name for name in self._listeners if name not in listening]
        if missing:
            return f"{' and '.join(missing)} not subscribed to wmp/policy_step: is it running, with a camera?"
        if self._node.count_publishers("wmp/latent") == 0:
            return "wmp/latent has no publisher: are world_model_node and depth_node running?"
        return None

    def _other_bundle(self) -> Optional[str]:
        """Images or latents of another bundle have the right size and the wrong meaning."""
        for name, sha256 in self._other_bundles.items():
            if not sha256:
                return f"{name} does not say which bundle it runs: restart it with this version"
            if sha256 != self._bundle_sha256:
                return (
                    f"{name} runs another bundle ({sha256[:12]}) than policy_node "
                    f"({self._bundle_sha256[:12]}): restart both with the same one"
                )
        return None
