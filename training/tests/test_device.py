"""Everything but physics runs on the device asked for: proved with a pretended one, as tests have no GPU.

Its tensors claim to be on ``meta``, where torch itself never computes, and hold theirs on the CPU. Operations
that mix devices fail as they do on a GPU, and so does ``numpy()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from wmp_cli.cli import main
from wmp_training import learner as learner_module
from wmp_training.device import choose
from wmp_training.distributed import ALONE
from wmp_training.runner import RunConfig, Runner, build_learner

DEVICE = torch.device("meta")
#: Operations that may read one device and write another.
TRANSFERS = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class Elsewhere(torch.Tensor):
    """Claims to be on :data:`DEVICE`."""

    @staticmethod
    def __new__(cls, real: torch.Tensor) -> Elsewhere:
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            real.shape,
            strides=real.stride(),
            storage_offset=real.storage_offset(),
            dtype=real.dtype,
            device=DEVICE,
        )
        tensor.real_tensor = real
        return tensor

    def __repr__(self) -> str:
        return f"Elsewhere({self.real_tensor})"

    def tolist(self) -> Any:
        return self.real_tensor.tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _compute(func, args, kwargs or {})


class _FromData(TorchFunctionMode):
    """``torch.tensor(data, device=...)`` forgets the data on ``meta`` before anyone sees it: in two steps."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.tensor and kwargs.get("device") is not None:
            return func(*args, **{**kwargs, "device": None}).to(kwargs["device"])
        if func is torch.Tensor.new_tensor:
            return torch.tensor(*args[1:], **kwargs).to(args[0].device)
        return func(*args, **kwargs)


class _Mode(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _compute(func, args, kwargs or {})


def _compute(func: Any, args: tuple, kwargs: dict) -> Any:
    given = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, torch.Tensor)]
    elsewhere = [value for value in given if isinstance(value, Elsewhere)]
    here = [value for value in given if not isinstance(value, Elsewhere) and value.dim() > 0]
    if elsewhere and here and func not in TRANSFERS:
        raise RuntimeError(f"{func} mixes devices: {[tuple(t.shape) for t in here]} are on the CPU")
    target = kwargs.get("device")
    if target is None:
        target = given[0].device if func in TRANSFERS else DEVICE if elsewhere else torch.device("cpu")
    kwargs = {**kwargs, "device": torch.device("cpu")} if kwargs.get("device") is not None else kwargs
    wrapper_of = {id(value.real_tensor): value for value in elsewhere}
    bare_args, bare_kwargs = tree_map(
        lambda value: value.real_tensor if isinstance(value, Elsewhere) else value, (args, kwargs)
    )
    result = func(*bare_args, **bare_kwargs)

    def wrap(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        if id(value) in wrapper_of:
            return wrapper_of[id(value)]
        return Elsewhere(value) if torch.device(target).type == DEVICE.type else value

    return tree_map(wrap, result)


@contextmanager
def pretended_device() -> Iterator[torch.device]:
    """Inside, tensors can be created on and moved to the device that is handed out."""
    with _FromData(), _Mode():
        yield DEVICE


def test_mixing_devices_fails_on_the_pretended_device_as_on_a_gpu():
    with pretended_device() as device:
        there, here = torch.ones(3, device=device), torch.ones(3)
        assert isinstance(there * 2 + there, Elsewhere) and (there * 2).tolist() == [2.0] * 3
        with pytest.raises(RuntimeError, match="mixes devices"):
            there + here
        with pytest.raises(RuntimeError, match="numpy"):
            there.numpy()
        assert torch.equal(there.cpu(), here)


class AtOnce:
    """A thread pool without threads: torch's modes are of one thread."""

    def __init__(self, workers):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, call):
        future = Future()
        future.set_result(call())
        return future


RUNS = [
    {"task": "gentle"},
    {"task": "obstacles", "amp": True, "rendered": 0.5},
    {"task": "obstacles", "stage": "teacher"},
    {"task": "obstacles", "stage": "student"},
    {"task": "obstacles", "policy": "recurrent"},
]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "-".join(map(str, run.values())))
def test_all_but_physics_runs_on_the_device_that_was_asked_for(run, monkeypatch):
    monkeypatch.setattr(learner_module, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(torch, "Generator", lambda device=None: torch._C.Generator())
    config = RunConfig("tiny", 6, 3, levels=1, **run)
    with pretended_device() as device:
        learner = build_learner(config, 1, ALONE, device)
        for _ in range(2):
            log = learner.iterate()
        assert all(isinstance(value, Elsewhere) for value in learner.obs.values())
        assert all(isinstance(value, Elsewhere) for value in learner.ppo.actor.parameters())
        assert "world_model" in log or hasattr(learner, "kind")


def test_a_run_goes_on_on_another_device(tmp_path, monkeypatch):
    monkeypatch.setattr(learner_module, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(torch, "Generator", lambda device=None: torch._C.Generator())
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: torch.zeros(16, dtype=torch.uint8))
    config = RunConfig("tiny", 4, 3, levels=1)
    with pretended_device() as device:
        first = Runner(tmp_path, config, 1, device=device)
        monkeypatch.setattr(first, "_look_ahead", lambda: None)
        first.run(60.0, 1, report=lambda line: None)
        history = first.learner.obs["history"].real_tensor
    second = Runner(tmp_path, config, 1, resume=True)
    assert torch.equal(second.learner.obs["history"], history)
    second.learner.iterate()
    assert second.learner.iteration == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused_in_one_line(tmp_path, capsys):
    assert main(["train", "--device", "cuda", "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "finds 0 GPUs here; use --device cpu" in line


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match=r"device is 'abacus', expected one of \('cpu', 'cuda'\)"):
        choose("abacus")
