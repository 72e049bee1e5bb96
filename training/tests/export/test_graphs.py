import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from wmp_training.export.graphs import IR_VERSION, OPSET, graphs, to_onnx


@pytest.mark.parametrize("name", ["policy", "advance", "observe", "prior", "decoder"])
def test_an_onnx_graph_matches_torch_for_a_larger_batch(networks, name):
    graph = graphs(networks)[name]
    data = to_onnx(graph)
    model = onnx.load_from_string(data)
    assert (model.ir_version, model.opset_import[0].version) == (IR_VERSION, OPSET)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(4)
    inputs = {
        key: torch.randint(0, 4, (3, *example.shape[1:]), generator=generator)
        if example.dtype == torch.long
        else torch.randn(3, *example.shape[1:], generator=generator)
        for key, example in graph.inputs.items()
    }
    with torch.no_grad():
        expected = graph.module(*inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = session.run(list(graph.outputs), {key: value.numpy() for key, value in inputs.items()})
    for left, right in zip(expected, found, strict=True):
        assert left.numpy().dtype == right.dtype
        np.testing.assert_allclose(left.numpy(), right, atol=1e-5)
