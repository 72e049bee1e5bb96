import pytest
import torch

from wmp_core.inference.world_model import InitialState
from wmp_core.verification import load_verified
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.env.environment import Observation
from wmp_training.evaluation.open_loop import (
    BundlePredictor,
    Recorder,
    evaluate_open_loop,
    open_loop_table,
)
from wmp_training.evaluation.open_loop_plot import plot_open_loop
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.trial import Trial
from wmp_training.export.bundle_writer import write_bundle
from wmp_training.export.golden import record_golden
from wmp_training.export.graphs import export_graphs
from wmp_training.world_model.prediction import ModelPredictor, PredictionErrors, predict
from wmp_training.world_model.world_model import Sequences


def test_exported_graphs_predict_what_the_torch_model_predicts(networks, tmp_path):
    begin = networks.world_model.rssm.initial(1)
    state = InitialState(begin.deter[0].detach().numpy(), begin.stoch[0].argmax(-1).numpy())
    golden = record_golden(networks, steps=50)
    folder = write_bundle(tmp_path / "b", networks.contract, export_graphs(networks), state, golden, {})
    bundle, contract = load_verified(folder), networks.contract
    joints, interval = contract.num_joints, contract.timing.world_model_interval
    sizes = (64, 64), (contract.proprioception_size,), (interval * joints,), ()
    walk = Sequences(*(torch.rand(2, 10, *size) for size in sizes))
    walk.is_first[:] = torch.eye(10)[0]
    exported, torch_images = (
        predict(BundlePredictor(bundle), walk),
        predict(ModelPredictor(networks.world_model), walk),
    )
    torch.testing.assert_close(exported, torch_images, atol=1e-4, rtol=0)


@pytest.fixture
def bundle(tmp_path):
    return load_verified(write_tiny_bundle(tmp_path / "tiny"))


def watch(recorder, ticks, due):
    for tick in range(ticks):
        looking = torch.tensor(due(tick))
        image = torch.full((len(looking), 2, 2), float(tick))
        none = torch.zeros(0)
        proprioception = torch.arange(2.0)[:, None] + tick
        observation = Observation(
            proprioception, none, none, none, none, none, none, looking, none, image, none
        )
        recorder(None, observation, torch.tensor([[0.0], [1000.0]]) + tick)


def test_windows_hold_consecutive_steps_of_one_robot_with_the_actions_before_each():
    recorder = Recorder(5)
    watch(recorder, 21, lambda tick: [] if tick % 5 else ([0, 1] if tick < 15 else [1]))
    windows = recorder.windows(length=3, stride=2)
    assert windows.depth[:, :, 0, 0].tolist() == [[0, 5, 10], [0, 5, 10], [10, 15, 20]]
    assert windows.proprioception[:, :, 0].tolist() == [[0, 5, 10], [1, 6, 11], [11, 16, 21]]
    assert windows.actions[0].tolist() == [[0] * 5, [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert windows.actions[2, 1].tolist() == [1010, 1011, 1012, 1013, 1014]
    assert windows.is_first.tolist() == [[1, 0, 0]] * 3
    assert Recorder(5).windows() is None


def test_open_loop_prediction_is_evaluated_on_walks_and_plotted(bundle, tmp_path):
    trials = [Trial("flat", 0.0, 1), Trial("flat", 0.0, 2)]
    found = evaluate_open_loop(bundle, trials, Protocol(duration=1.6))
    assert found.errors.sequences == 2 and len(found.errors.model) == 10
    plot_open_loop({"flat": found, "tilt": found}, 2.0, tmp_path / "new" / "open_loop.png")
    assert 1_000 < (tmp_path / "new" / "open_loop.png").stat().st_size < 50_000
    assert evaluate_open_loop(bundle, trials, Protocol(duration=0.6)) is None


def test_the_open_loop_table_shows_model_and_persistence():
    table = open_loop_table({"gap": PredictionErrors((0.1, 0.2), (0.3, 0.4), 7), "tilt": None})
    assert "| gap | 0.200 | 0.400 | 0.50 | 7 |" in table
    assert "| tilt | - | - | - | 0 |" in table
