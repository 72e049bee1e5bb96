"""ONNX Runtime sessions for a control loop: one thread, no spinning, a chosen execution provider."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np
import onnxruntime

#: Names for users and parameters, and the execution provider of each.
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}

_DTYPES: Dict[str, np.dtype] = {"tensor(float)": np.dtype(np.float32), "tensor(int64)": np.dtype(np.int64)}

_log = logging.getLogger(__name__)


class ModelError(RuntimeError):
    """A graph that cannot be opened or run; the message names the file."""


class ProviderError(ModelError):
    """The requested execution provider does not exist in this onnxruntime, or does not start."""


class TensorSpec(NamedTuple):
    """Element type and shape of a graph's input or output; a dynamic dimension is ``None``."""

    dtype: np.dtype
    shape: Tuple[Optional[int], ...]

    def __str__(self) -> str:
        dimensions = ["batch" if size is None else str(size) for size in self.shape]
        return f"{self.dtype} [{', '.join(dimensions)}]"


def available_providers() -> List[str]:
    """Short names of the providers that this onnxruntime was built with."""
    built = onnxruntime.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in built]


def choose_provider(provider: str) -> str:
    """Resolve ``auto`` and check that the provider is available.

    ``auto`` is CUDA if available, else the CPU. It never picks TensorRT, whose engines take minutes to build.

    Raises:
        ProviderError: unknown name or unavailable provider; the message lists the available ones.
    """
    available = available_providers()
    if provider == "auto":
        return "cuda" if "cuda" in available else "cpu"
    if provider not in available:
        raise ProviderError(
            f"provider {provider!r} is not available: this onnxruntime {onnxruntime.__version__} has "
            f"{', '.join(available)} (choose one, or auto, or install an onnxruntime with {provider!r})"
        )
    return provider


def default_cache() -> Path:
    """Folder for TensorRT engines: ``$XDG_CACHE_HOME/wmp/tensorrt``, by default under ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "wmp" / "tensorrt"


def _provider_stack(provider: str, cache: Path) -> List[Any]:
    """Providers with options, the chosen one first; the next one runs the operators that it lacks."""
    # TF32 has 10 bits of mantissa, and a tuned convolution may differ from run to run: both break the
    # golden trajectory.
    cuda = (PROVIDERS["cuda"], {"use_tf32": "0", "cudnn_conv_algo_search": "DEFAULT"})
    tensorrt = (
        PROVIDERS["tensorrt"],
        {"trt_engine_cache_enable": "True", "trt_engine_cache_path": str(cache)},
    )
    stacks: Dict[str, List[Any]] = {"cpu": [], "cuda": [cuda], "tensorrt": [tensorrt, cuda]}
    return [*stacks[provider], PROVIDERS["cpu"]]


def _session_options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Spinning workers compete with the control loop for its core: the largest source of jitter measured.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def _specs(nodes: List[Any], path: Path) -> Dict[str, TensorSpec]:
    specs = {}
    for node in nodes:
        if node.type not in _DTYPES:
            raise ModelError(f"{path}: {node.name} has type {node.type}, expected one of {sorted(_DTYPES)}")
        shape = tuple(size if isinstance(size, int) else None for size in node.shape)
        specs[node.name] = TensorSpec(_DTYPES[node.type], shape)
    return specs


class OnnxModel:
    """One opened graph: ``inputs`` and ``outputs`` describe its tensors, ``provider`` says where it runs.

    Args:
        path: the ``.onnx`` file.
        provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``, see :func:`choose_provider`.
        threads: threads per operator; a second one gains nothing at these sizes.
        cache: folder for TensorRT engines, :func:`default_cache` if not given.

    Raises:
        ProviderError: the provider is missing or does not start.
        ModelError: onnxruntime cannot open the file.
    """

    def __init__(
        self,
        path: Union[str, Path],
        provider: str = "cpu",
        threads: int = 1,
        cache: Optional[Path] = None,
    ) -> None:
        self.path = Path(path)
        self.provider = choose_provider(provider)
        stack = _provider_stack(self.provider, self._prepare_cache(cache))
        try:
            self._session = onnxruntime.InferenceSession(
                str(self.path), _session_options(threads), providers=stack
            )
        except Exception as error:  # onnxruntime's exception classes share no public base
            raise ModelError(f"{self.path}: onnxruntime cannot open this graph: {error}") from error
        self._check_provider(fallback=provider == "auto")
        self.inputs = _specs(self._session.get_inputs(), self.path)
        self.outputs = _specs(self._session.get_outputs(), self.path)
        self._output_names = list(self.outputs)

    def _prepare_cache(self, cache: Optional[Path]) -> Path:
        folder = cache or default_cache()
        if self.provider == "tensorrt":
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _check_provider(self, fallback: bool) -> None:
        """Detect the silent fallback of onnxruntime to the CPU, which only ``auto`` may use."""
        if self._session.get_providers()[0] == PROVIDERS[self.provider]:
            return
        problem = f"provider {self.provider!r} did not start (onnxruntime's log names the missing library)"
        if not fallback:
            raise ProviderError(f"{self.path}: {problem}; use provider 'cpu' or repair the installation")
        _log.warning("%s: %s; running on the CPU", self.path.name, problem)
        self.provider = "cpu"

    def run(self, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
        """Run the graph on arrays with a batch axis, typed as ``inputs``; outputs by name, newly allocated.

        Raises:
            ModelError: an input is missing, has another type or another shape.
        """
        try:
            return dict(zip(self._output_names, self._session.run(self._output_names, inputs)))
        except Exception as error:  # onnxruntime's exception classes share no public base
            expected = ", ".join(f"{name} {spec}" for name, spec in self.inputs.items())
            raise ModelError(f"{self.path.name}: cannot run ({error}); inputs are {expected}") from error

    def warm_up(self, runs: int = 3) -> None:
        """Run on zeros: allocation, kernel choice and engine building happen before the first deadline."""
        zeros = {
            name: np.zeros([size or 1 for size in spec.shape], spec.dtype)
            for name, spec in self.inputs.items()
        }
        for _ in range(runs):
            self.run(**zeros)
