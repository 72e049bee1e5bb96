import pytest

from wmp_core.contract import Contract
from wmp_sim.a1 import a1_model
from wmp_training.a1_contract import a1_contract
from wmp_training.presets import PolicyConfig, preset
from wmp_training.world_model.world_model import WorldModel


def test_observation_sizes_are_those_of_the_paper():
    contract = a1_contract(preset("small").world_model)
    assert (contract.proprioception_size, contract.history_step_size, contract.history_size) == (33, 42, 210)
    assert Contract.from_dict(contract.to_dict()) == contract


def test_the_contract_agrees_with_the_simulated_robot():
    joints, robot = a1_contract(preset("small").world_model).joints, a1_model()
    assert joints.names == robot.joint_names
    for key in (
        "default_position",
        "position_lower",
        "position_upper",
        "velocity_limit",
        "torque_limit",
        "kp",
        "kd",
    ):
        assert getattr(joints, key) == pytest.approx(tuple(getattr(robot, key))), key


def test_the_full_world_model_has_the_size_of_the_paper():
    chosen = preset("full").world_model
    model = WorldModel(a1_contract(chosen), chosen)
    millions = {
        name: sum(p.numel() for p in module.parameters()) / 1e6
        for name, module in (
            ("image", model.encoder.image),
            ("vector", model.encoder.vector),
            ("rssm", model.rssm),
            ("decoder", model.decoder),
        )
    }
    assert millions["image"] == pytest.approx(0.69, abs=0.01)
    assert millions["vector"] == pytest.approx(4.24, abs=0.01)
    assert millions["rssm"] == pytest.approx(6.33, abs=0.1)
    assert millions["decoder"] == pytest.approx(12.8, abs=0.5)


def test_an_unknown_preset_names_the_choices():
    with pytest.raises(ValueError, match="'huge'.*full.*small"):
        preset("huge")


def test_width_multiplies_every_hidden_layer():
    assert PolicyConfig(width=3).layers((8, 4)) == [24, 12]
    with pytest.raises(ValueError, match="width is 0, expected 1 or more"):
        PolicyConfig(width=0)
