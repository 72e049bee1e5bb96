"""Independent engines are checked by what they must agree on: weight, terrain, and what a push does."""

import functools

import mujoco
import numpy as np
import pytest
import torch

from wmp_core.verification import load_verified
from wmp_sim.a1 import build_a1
from wmp_sim.terrain import Terrain
from wmp_sim.terrain.geometry import Boxes, HeightField
from wmp_testing.tiny_bundle import write_tiny_bundle
from wmp_training.evaluation.bundle_candidate import BundleCandidate
from wmp_training.evaluation.conditions import Condition
from wmp_training.evaluation.episodes import run_trials
from wmp_training.evaluation.independent_tracks import IndependentTracks
from wmp_training.evaluation.menagerie_engine import MenagerieEngine
from wmp_training.evaluation.protocol import Protocol
from wmp_training.evaluation.simulators import tracks_in
from wmp_training.evaluation.tracks import Tracks
from wmp_training.evaluation.trial import Trial

PAIR = (Trial("climb", 0.5, 2), Trial("rough", 0.5, 3))


@pytest.fixture(scope="module")
def a1_file(tmp_path_factory):
    """An A1 in the form of Menagerie's: damped joints, and a mesh whose file is not there."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    build_a1(spec)
    text = spec.to_xml().replace("armature=", 'damping="2" armature=')
    text = text.replace("<worldbody>", '<asset><mesh name="shell" file="shell.obj"/></asset><worldbody>')
    shell = '<geom type="mesh" mesh="shell" contype="0" conaffinity="0"/>'
    file = tmp_path_factory.mktemp("menagerie") / "a1.xml"
    file.write_text(text.replace('<body name="FL_hip"', f'{shell}<body name="FL_hip"', 1))
    return file


@pytest.fixture(params=["menagerie", "pybullet"])
def make_engine(request, a1_file):
    if request.param == "menagerie":
        return functools.partial(MenagerieEngine, file=a1_file)
    return pytest.importorskip("wmp_training.evaluation.pybullet_engine", exc_type=ImportError).PybulletEngine


@pytest.fixture
def tracks(contract, make_engine):
    return IndependentTracks(contract, PAIR, False, 1, make_engine)


def test_the_feet_of_a_standing_robot_carry_its_weight(tracks, contract):
    default = torch.tensor(contract.joints.default_position).repeat(2, 1)
    for _ in range(50):
        tracks.step(default, torch.arange(2))
    states = tracks.states()
    assert tracks.weight.tolist() == pytest.approx([12.45 * 9.81] * 2, rel=5e-3)
    torch.testing.assert_close(states.foot_force[..., 2].sum(-1), tracks.weight, rtol=5e-3, atol=0.0)
    assert states.foot_force.norm(dim=-1).min() > 10.0
    assert not states.trunk_contact.any() and not states.leg_contact.any()
    assert ((states.position[:, 2] > 0.25) & (states.position[:, 2] < 0.32)).all()


def test_the_robot_sees_the_same_terrain_as_in_this_projects_simulator(tracks, contract):
    own = Tracks(contract, PAIR, varied=False)
    ours, theirs = (each.render(torch.arange(2)) for each in (own, tracks))
    difference = (ours - theirs).abs()
    # The robots stand up to 1 cm apart, so edges of obstacles move by a pixel.
    assert difference.median() < 0.03 and (difference > 0.2).float().mean() < 0.05
    for mine, other in zip(
        own.surroundings(torch.arange(2)), tracks.surroundings(torch.arange(2)), strict=True
    ):
        assert (mine - other).abs().median() < 0.01


def test_joints_follow_their_targets_in_contract_order(tracks, contract):
    default = torch.tensor(contract.joints.default_position).repeat(2, 1)
    lifted = default.clone()
    lifted[:, 8] -= 0.6  # the rear left calf
    for _ in range(15):
        tracks.step(lifted, torch.arange(2))
    moved = tracks.states().q - default
    assert (moved[:, 8] < -0.35).all()
    assert moved.abs().sum(0).argmax() == 8


def test_a_push_changes_the_velocity_of_the_base(tracks):
    before = tracks.states().linear_velocity[1]
    tracks.push(torch.tensor([1]), torch.tensor([[0.3, -0.5]]))
    after = tracks.states().linear_velocity
    torch.testing.assert_close(after[1] - before, torch.tensor([0.3, -0.5, 0.0]), atol=0.02, rtol=0.0)
    assert after[0].abs().max() < 0.1


def test_a_robot_rests_on_the_height_that_a_field_and_a_box_have(make_engine):
    x, y = np.linspace(-1.5, 1.5, 31), np.linspace(-1.0, 1.0, 21)
    slope = HeightField(0.1 * x[None] + 0.2 * y[:, None] + 0.4, (0.5, 0.2), (1.5, 1.0))
    box = Boxes.spanning(((3.0, 4.0), (-1.0, 1.0), (0.0, 0.7)))
    engine = make_engine(Terrain("rough", 0.5, box, slope, -5.0, (0.0, 0.0, 0.0), 1.0), Condition())
    lying = np.tile([0.0, 1.2, -2.6], 4)  # folded legs; the lowest part is below the base by less than 0.15 m

    def rest(x, y, height):
        engine.place(np.array([x, y, height + 0.2, 1.0, 0.0, 0.0, 0.0]), lying)
        for _ in range(300):
            q, dq = engine.joints()
            engine.step(40.0 * (lying - q) - dq)
        return engine.body().pose[:3]

    for start in ((0.2, 0.7), (1.2, -0.3)):
        found = rest(*start, 0.1 * (start[0] - 0.5) + 0.2 * (start[1] - 0.2) + 0.4)
        ground = 0.1 * (found[0] - 0.5) + 0.2 * (found[1] - 0.2) + 0.4
        assert 0.04 < found[2] - ground < 0.16
    assert 0.04 < rest(3.5, 0.0, 0.7)[2] - 0.7 < 0.16


def test_menageries_joint_damping_gives_way_to_the_conditions(a1_file):
    condition = Condition(joint_damping=0.5, armature=0.003, shank_friction=0.4, foot_friction=0.6)
    model = MenagerieEngine(PAIR[0].track(), condition, a1_file)._model
    np.testing.assert_allclose(model.dof_damping[6:18], 0.5)
    np.testing.assert_allclose(model.dof_armature[6:18], 0.003)
    assert model.geom("FL_foot").friction[0] == 0.6 and model.geom("FL_calf").friction[0] == 0.4
    plain = MenagerieEngine(PAIR[0].track(), Condition(), a1_file)._model
    assert (plain.dof_damping == 0.0).all() and plain.nu == 0


def test_a_file_of_another_robot_is_refused(tmp_path):
    (tmp_path / "other.xml").write_text("<mujoco><worldbody/></mujoco>")
    with pytest.raises(ValueError, match=r"other.xml has no joint FL_calf_joint, .*Menagerie"):
        MenagerieEngine(PAIR[0].track(), Condition(), tmp_path / "other.xml")


def test_a_policy_walks_in_another_simulator_under_a_condition(tmp_path, a1_file):
    candidate = BundleCandidate(load_verified(write_tiny_bundle(tmp_path / "tiny")))
    trials, rules = [Trial("gap", 0.5, 1, "real_stack")], Protocol(duration=0.3, simulator="menagerie")
    make = tracks_in("menagerie", a1_file)
    (outcome,) = run_trials(candidate, trials, rules, make_tracks=make)
    assert outcome.end == "time" and outcome.duration == pytest.approx(0.3)
    assert str(run_trials(candidate, trials, rules, make_tracks=make)[0]) == str(outcome)
