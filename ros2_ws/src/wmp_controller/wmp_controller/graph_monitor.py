"""Whether the ROS graph can serve a walking policy: nodes that listen and answer, one bundle, one time."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence, Set

from rclpy.node import Node

from wmp_ros.status import NodeStatus

#: Nodes that must run the same bundle as this one.
_PERCEPTION_NODES = ("depth_node", "world_model_node")
#: Largest change of the system time since the start [s]: half the tolerance of an image's age.
_MAX_CLOCK_STEP = 0.02


class GraphMonitor:
    """Finds the reason why a walk must be refused. The control thread reads :attr:`veto`.

    Args:
        node: the node whose view of the graph counts.
        step_listeners: returns the names of the nodes that subscribe ``wmp/policy_step``.
        required: names of the nodes that must be among them.
        bundle_sha256: the bundle that this node runs.
        clock_step: returns the time by which the system time was set since the start [s]; always 0 in
            lockstep.
    """

    def __init__(
        self,
        node: Node,
        step_listeners: Callable[[], Set[str]],
        required: Sequence[str],
        bundle_sha256: str,
        clock_step: Callable[[], float],
    ) -> None:
        self._node = node
        self._step_listeners = step_listeners
        self._required = required
        self._bundle_sha256 = bundle_sha256
        self._clock_step = clock_step
        #: Bundle by node, for the nodes that report one.
        self._bundles: Dict[str, str] = {}
        #: Why the graph cannot serve a walking robot; None if it can.
        self.veto: Optional[str] = "the graph has not been checked yet"

    def on_status(self, status: NodeStatus) -> None:
        """A status from ``diagnostics``."""
        if status.node in _PERCEPTION_NODES:
            self._bundles[status.node] = status.bundle_sha256 or self._bundle_sha256

    def update(self) -> None:
        """Check the graph as it is now."""
        self.veto = self._listener_veto() or self._bundle_veto() or self.clock_warning()

    def clock_warning(self) -> Optional[str]:
        """Warning if the system time was set: cameras stamp with the new time, so images would be late."""
        step = self._clock_step()
        if abs(step) <= _MAX_CLOCK_STEP:
            return None
        return f"the system's time was set by {step:+.3f} s since policy_node started: restart it"

    def _listener_veto(self) -> Optional[str]:
        listening = self._step_listeners()
        missing = [name for name in self._required if name not in listening]
        if missing:
            return f"{' and '.join(missing)} not listening to wmp/policy_step: is it up, with a camera?"
        if self._node.count_publishers("wmp/latent") == 0:
            return "nobody publishes wmp/latent: are world_model_node and depth_node running?"
        return None

    def _bundle_veto(self) -> Optional[str]:
        """Images and latents of another bundle would have the right size and the wrong meaning."""
        for name, sha256 in self._bundles.items():
            if sha256 != self._bundle_sha256:
                return (
                    f"{name} runs another bundle ({sha256[:12]}) than policy_node "
                    f"({self._bundle_sha256[:12]}): restart both with the same one"
                )
        return None
