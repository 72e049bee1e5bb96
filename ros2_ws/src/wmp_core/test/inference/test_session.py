import logging

import numpy as np
import onnxruntime
import pytest

from wmp_core.inference.session import (
    ModelError,
    OnnxModel,
    ProviderError,
    TensorSpec,
    available_providers,
    choose_provider,
)

without_cuda = pytest.mark.skipif("cuda" in available_providers(), reason="this onnxruntime has CUDA")


def test_a_model_describes_its_tensors(tiny_bundle_path):
    model = OnnxModel(tiny_bundle_path / "observe.onnx")
    real, integer = np.dtype(np.float32), np.dtype(np.int64)
    assert model.inputs == {
        "deter": TensorSpec(real, (None, 16)),
        "proprioception": TensorSpec(real, (None, 33)),
        "depth": TensorSpec(real, (None, 1, 64, 64)),
    }
    assert model.outputs == {"stoch": TensorSpec(integer, (None, 4)), "kl": TensorSpec(real, (None,))}


def test_a_session_runs_one_thread_in_sequence_without_spinning(tiny_bundle_path):
    options = OnnxModel(tiny_bundle_path / "prior.onnx")._session.get_session_options()
    assert options.intra_op_num_threads == 1
    assert options.inter_op_num_threads == 1
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_any_batch_gives_what_single_runs_give(tiny_bundle_path):
    model = OnnxModel(tiny_bundle_path / "policy.onnx")
    rng = np.random.default_rng(3)
    batch = {
        name: rng.normal(size=(3, *spec.shape[1:])).astype(np.float32) for name, spec in model.inputs.items()
    }
    together = model.run(**batch)
    alone = model.run(**{name: values[1:2] for name, values in batch.items()})
    np.testing.assert_allclose(together["action"][1:2], alone["action"], atol=1e-6)


@pytest.mark.parametrize(
    "deter", [np.zeros((1, 15), np.float32), np.zeros((1, 16), np.float64), np.zeros(16, np.float32)]
)
def test_a_wrong_input_is_refused_with_the_expected_inputs(tiny_bundle_path, deter):
    with pytest.raises(ModelError, match=r"(?s)prior.onnx.*inputs are deter float32 \[batch, 16\]"):
        OnnxModel(tiny_bundle_path / "prior.onnx").run(deter=deter)


def test_a_missing_input_is_refused_by_name(tiny_bundle_path):
    with pytest.raises(ModelError, match="command"):
        OnnxModel(tiny_bundle_path / "policy.onnx").run(
            history=np.zeros((1, 210), np.float32), deter=np.zeros((1, 16), np.float32)
        )


def test_a_file_without_a_graph_is_refused_by_name(tmp_path):
    (tmp_path / "policy.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ModelError, match="policy.onnx"):
        OnnxModel(tmp_path / "policy.onnx")


def test_an_unknown_provider_is_refused_with_those_that_exist(tiny_bundle_path):
    with pytest.raises(ProviderError, match=r"'quantum' is not available.*has .*cpu"):
        OnnxModel(tiny_bundle_path / "prior.onnx", provider="quantum")


@without_cuda
@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_provider_this_onnxruntime_lacks_is_refused(provider):
    with pytest.raises(ProviderError, match=f"'{provider}' is not available.*has cpu"):
        choose_provider(provider)


@without_cuda
def test_auto_is_the_cpu_without_a_gpu_provider(tiny_bundle_path):
    assert OnnxModel(tiny_bundle_path / "prior.onnx", provider="auto").provider == "cpu"


@without_cuda
@pytest.mark.filterwarnings("ignore:Specified provider")
class TestWithoutDriver:
    """onnxruntime built with CUDA, without a driver: it lists CUDA, warns, and runs on the CPU."""

    @pytest.fixture(autouse=True)
    def built_with_cuda(self, monkeypatch):
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)

    def test_a_requested_provider_must_start(self, tiny_bundle_path):
        with pytest.raises(ProviderError, match="'cuda' did not start"):
            OnnxModel(tiny_bundle_path / "prior.onnx", provider="cuda")

    def test_auto_falls_back_to_the_cpu_with_a_warning(self, tiny_bundle_path, caplog):
        with caplog.at_level(logging.WARNING):
            model = OnnxModel(tiny_bundle_path / "prior.onnx", provider="auto")
        assert model.provider == "cpu"
        assert "'cuda' did not start" in caplog.text
