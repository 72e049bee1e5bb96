import onnx
import pytest
from onnx import TensorProto, helper

from wmp_core.inference.graphs import graph_specs, signature_differences
from wmp_core.inference.session import OnnxModel
from wmp_testing.tiny_bundle import tiny_contract


def prior_graph(path, name="stoch", kind=TensorProto.INT64, size=4):
    """A graph from ``deter`` to one output of the given name, element type and size."""
    nodes = [
        helper.make_node("Slice", ["deter", "start", "end", "axis"], ["cut"]),
        helper.make_node("Cast", ["cut"], [name], to=kind),
    ]
    constants = [helper.make_tensor(*tensor) for tensor in _bounds(size)]
    inputs = [helper.make_tensor_value_info("deter", TensorProto.FLOAT, ["batch", 16])]
    outputs = [helper.make_tensor_value_info(name, kind, ["batch", size])]
    graph = helper.make_graph(nodes, "prior", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return OnnxModel(path)


def _bounds(size):
    end = size if isinstance(size, int) else 4
    return [
        (name, TensorProto.INT64, [1], [value]) for name, value in (("start", 0), ("end", end), ("axis", 1))
    ]


@pytest.fixture
def spec():
    return graph_specs(tiny_contract())["prior"]


def test_the_contract_gives_the_sizes_of_the_paper():
    data = tiny_contract().to_dict()
    data["world_model"] = {"deter": 512, "stoch": 32, "classes": 32}
    specs = graph_specs(type(tiny_contract()).from_dict(data))
    described = {
        graph: {name: str(tensor) for name, tensor in spec.inputs.items()} for graph, spec in specs.items()
    }
    deter, stoch = "float32 [batch, 512]", "int64 [batch, 32]"
    assert described == {
        "policy": {"history": "float32 [batch, 210]", "command": "float32 [batch, 3]", "deter": deter},
        "advance": {"deter": deter, "stoch": stoch, "actions": "float32 [batch, 60]"},
        "observe": {
            "deter": deter,
            "proprioception": "float32 [batch, 33]",
            "depth": "float32 [batch, 1, 64, 64]",
        },
        "prior": {"deter": deter},
        "decoder": {"deter": deter, "stoch": stoch},
    }


def test_a_graph_as_required_has_no_difference(tmp_path, spec):
    assert signature_differences(spec, prior_graph(tmp_path / "prior.onnx")) == ()


def test_another_element_type_is_named(tmp_path, spec):
    model = prior_graph(tmp_path / "prior.onnx", kind=TensorProto.FLOAT)
    assert signature_differences(spec, model) == (
        "output stoch: the contract requires int64 [batch, 4], the graph has float32 [batch, 4]",
    )


def test_another_size_is_named(tmp_path, spec):
    model = prior_graph(tmp_path / "prior.onnx", size=5)
    assert signature_differences(spec, model) == (
        "output stoch: the contract requires int64 [batch, 4], the graph has int64 [batch, 5]",
    )


def test_another_name_is_named(tmp_path, spec):
    model = prior_graph(tmp_path / "prior.onnx", name="z")
    assert signature_differences(spec, model) == (
        "outputs: the contract requires ['stoch'], the graph has ['z']",
    )


def test_a_size_that_the_graph_leaves_open_is_accepted(tmp_path, spec):
    assert signature_differences(spec, prior_graph(tmp_path / "prior.onnx", size="unknown")) == ()
