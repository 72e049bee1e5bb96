"""Small random networks with the structure of the real ones, implemented in numpy and as ONNX graphs.

The numpy implementation is the independent reference for onnxruntime in tests. Only
:meth:`TinyNetworks.graphs` needs the ``onnx`` package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wmp_core.contract import Contract

_PATCH = 8
_FILTERS = 4
_HIDDEN = 32


class TinyNetworks:
    """Policy and two-phase world model; every output depends on every input.

    Actions stay well below 1, so that a robot stays near its default pose.
    """

    def __init__(self, contract: Contract, seed: int = 7) -> None:
        self._contract = contract
        sizes, joints = contract.world_model, contract.num_joints
        self._groups = (sizes.stoch, sizes.classes)
        self._patches = (contract.depth.height // _PATCH, contract.depth.width // _PATCH)
        logits = sizes.stoch * sizes.classes
        features = _FILTERS * self._patches[0] * self._patches[1]
        proprioception, interval = contract.proprioception_size, contract.timing.world_model_interval
        self._rng = np.random.default_rng(seed)
        self._weights = {
            "hidden": self._linear(contract.history_size + 3 + sizes.deter, _HIDDEN, 0.3),
            "action": self._linear(_HIDDEN, joints, 0.3),
            "velocity": self._linear(_HIDDEN, 3, 0.3),
            "recurrent": self._linear(sizes.deter + logits + interval * joints, sizes.deter, 1.0),
            "patch": self._linear(_PATCH * _PATCH, _FILTERS, 1.0),
            "posterior": self._linear(sizes.deter + proprioception + features, logits, 2.0),
            "prior": self._linear(sizes.deter, logits, 2.0),
            "picture": self._linear(sizes.deter + logits, self._patches[0] * self._patches[1], 0.3),
            "sensors": self._linear(sizes.deter + logits, proprioception, 0.3),
        }
        self.initial_deter = self._rng.uniform(-0.5, 0.5, sizes.deter).astype(np.float32)
        self.initial_stoch = self._rng.integers(0, sizes.classes, sizes.stoch)

    def _linear(self, inputs: int, outputs: int, gain: float) -> tuple[np.ndarray, np.ndarray]:
        weight = self._rng.normal(0.0, gain / np.sqrt(inputs), (inputs, outputs))
        bias = self._rng.normal(0.0, 0.1, outputs)
        return weight.astype(np.float32), bias.astype(np.float32)

    # In numpy, one robot, float64.

    def _apply(self, name: str, *inputs: np.ndarray) -> np.ndarray:
        weight, bias = self._weights[name]
        return np.concatenate([np.ravel(values) for values in inputs]) @ weight.astype(np.float64) + bias

    def _one_hot(self, stoch: np.ndarray) -> np.ndarray:
        return np.eye(self._groups[1])[stoch]

    def policy(
        self, history: np.ndarray, command: np.ndarray, deter: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.tanh(self._apply("hidden", history, command, deter))
        return self._apply("action", hidden), self._apply("velocity", hidden)

    def advance(self, deter: np.ndarray, stoch: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return 0.5 * (deter + np.tanh(self._apply("recurrent", deter, self._one_hot(stoch), actions)))

    def prior_logits(self, deter: np.ndarray) -> np.ndarray:
        return self._apply("prior", deter).reshape(self._groups)

    def posterior_logits(
        self, deter: np.ndarray, proprioception: np.ndarray, depth: np.ndarray
    ) -> np.ndarray:
        rows, columns = self._patches
        weight, bias = self._weights["patch"]
        patches = depth.reshape(rows, _PATCH, columns, _PATCH).swapaxes(1, 2).reshape(rows * columns, -1)
        features = np.tanh(patches @ weight.astype(np.float64) + bias).T
        return self._apply("posterior", deter, proprioception, features).reshape(self._groups)

    def prior(self, deter: np.ndarray) -> np.ndarray:
        return self.prior_logits(deter).argmax(axis=-1)

    def observe(
        self, deter: np.ndarray, proprioception: np.ndarray, depth: np.ndarray
    ) -> tuple[np.ndarray, float]:
        logits = self.posterior_logits(deter, proprioception, depth)
        posterior, prior = _softmax(logits), _softmax(self.prior_logits(deter))
        return logits.argmax(axis=-1), float(np.sum(posterior * np.log(posterior / prior)))

    def decoder(self, deter: np.ndarray, stoch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        picture = self._apply("picture", deter, self._one_hot(stoch)).reshape(self._patches)
        depth = np.kron(picture, np.ones((_PATCH, _PATCH)))
        return depth, self._apply("sensors", deter, self._one_hot(stoch))

    # The same as ONNX graphs, any batch.

    def graphs(self) -> dict[str, bytes]:
        """Serialised graphs by name, as in a bundle: opset 17, IR 8, axis 0 named ``batch``."""
        return {
            "policy": self._policy_graph(),
            "advance": self._advance_graph(),
            "observe": self._observe_graph(),
            "prior": self._prior_graph(),
            "decoder": self._decoder_graph(),
        }

    def _policy_graph(self) -> bytes:
        graph = _Graph(history=self._contract.history_size, command=3, deter=self._contract.world_model.deter)
        hidden = graph.node("Tanh", self._dense(graph, "hidden", "history", "command", "deter"))
        graph.output("action", self._dense(graph, "action", hidden), self._contract.num_joints)
        graph.output("base_velocity", self._dense(graph, "velocity", hidden), 3)
        return graph.serialise("policy")

    def _advance_graph(self) -> bytes:
        sizes, interval = self._contract.world_model, self._contract.timing.world_model_interval
        graph = _Graph(deter=sizes.deter, stoch=-sizes.stoch, actions=interval * self._contract.num_joints)
        one_hot = self._one_hot_node(graph)
        candidate = graph.node("Tanh", self._dense(graph, "recurrent", "deter", one_hot, "actions"))
        total = graph.node("Add", "deter", candidate)
        graph.output(
            "next_deter",
            graph.node("Mul", total, graph.constant(np.array(0.5, dtype=np.float32))),
            sizes.deter,
        )
        return graph.serialise("advance")

    def _observe_graph(self) -> bytes:
        contract = self._contract
        graph = _Graph(deter=contract.world_model.deter, proprioception=contract.proprioception_size)
        graph.input("depth", 1, contract.depth.height, contract.depth.width)
        weight, bias = self._weights["patch"]
        kernel = graph.constant(weight.T.reshape(_FILTERS, 1, _PATCH, _PATCH))
        features = graph.node("Conv", "depth", kernel, graph.constant(bias), strides=[_PATCH, _PATCH])
        features = graph.node("Flatten", graph.node("Tanh", features))
        posterior = self._logits(graph, "posterior", "deter", "proprioception", features)
        prior = self._logits(graph, "prior", "deter")
        self._mode_output(graph, posterior)
        log_posterior = graph.node("LogSoftmax", posterior, axis=-1)
        ratio = graph.node("Sub", log_posterior, graph.node("LogSoftmax", prior, axis=-1))
        terms = graph.node("Mul", graph.node("Exp", log_posterior), ratio)
        axes = graph.constant(np.array([1, 2], dtype=np.int64))
        graph.output("kl", graph.node("ReduceSum", terms, axes, keepdims=0))
        return graph.serialise("observe")

    def _prior_graph(self) -> bytes:
        graph = _Graph(deter=self._contract.world_model.deter)
        self._mode_output(graph, self._logits(graph, "prior", "deter"))
        return graph.serialise("prior")

    def _decoder_graph(self) -> bytes:
        contract = self._contract
        graph = _Graph(deter=contract.world_model.deter, stoch=-contract.world_model.stoch)
        one_hot = self._one_hot_node(graph)
        shape = graph.constant(np.array([-1, 1, *self._patches], dtype=np.int64))
        picture = graph.node("Reshape", self._dense(graph, "picture", "deter", one_hot), shape)
        ones = graph.constant(np.ones((1, 1, _PATCH, _PATCH), dtype=np.float32))
        depth = graph.node("ConvTranspose", picture, ones, strides=[_PATCH, _PATCH])
        graph.output("depth", depth, 1, contract.depth.height, contract.depth.width)
        graph.output(
            "proprioception", self._dense(graph, "sensors", "deter", one_hot), contract.proprioception_size
        )
        return graph.serialise("decoder")

    def _dense(self, graph: _Graph, name: str, *inputs: str) -> str:
        weight, bias = self._weights[name]
        joined = graph.node("Concat", *inputs, axis=-1)
        return graph.node("Gemm", joined, graph.constant(weight), graph.constant(bias))

    def _logits(self, graph: _Graph, name: str, *inputs: str) -> str:
        shape = graph.constant(np.array([-1, *self._groups], dtype=np.int64))
        return graph.node("Reshape", self._dense(graph, name, *inputs), shape)

    def _one_hot_node(self, graph: _Graph) -> str:
        classes = graph.constant(np.array(self._groups[1], dtype=np.int64))
        one_hot = graph.node("OneHot", "stoch", classes, graph.constant(np.array([0, 1], dtype=np.float32)))
        return graph.node("Flatten", one_hot)

    def _mode_output(self, graph: _Graph, logits: str) -> None:
        graph.output("stoch", graph.node("ArgMax", logits, axis=-1, keepdims=0), -self._groups[0])


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


class _Graph:
    """Builds a graph; tensors are identified by name. A negative size declares int64 of that size."""

    def __init__(self, **inputs: int) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy_helper = helper, numpy_helper
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        for name, size in inputs.items():
            self.input(name, size)

    def _info(self, name: str, sizes: Sequence[int]) -> Any:
        from onnx import TensorProto

        kind = TensorProto.INT64 if any(size < 0 for size in sizes) else TensorProto.FLOAT
        return self._helper.make_tensor_value_info(name, kind, ["batch", *(abs(size) for size in sizes)])

    def input(self, name: str, *sizes: int) -> None:
        self._inputs.append(self._info(name, sizes))

    def output(self, name: str, source: str, *sizes: int) -> None:
        self._nodes.append(self._helper.make_node("Identity", [source], [name]))
        self._outputs.append(self._info(name, sizes))

    def constant(self, value: np.ndarray) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"node_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def serialise(self, name: str) -> bytes:
        import onnx

        graph = self._helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        opsets = [self._helper.make_opsetid("", 17)]
        model = self._helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
