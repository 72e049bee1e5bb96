import pytest

from wmp_training.evaluation import simulators
from wmp_training.evaluation.simulators import check_simulator


def test_a_missing_simulator_comes_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install -r requirements/simulators\.txt"):
        check_simulator("pybullet", None, ["nominal"])


def test_pybullet_has_no_armature(monkeypatch):
    monkeypatch.setattr(simulators, "find_spec", lambda name: name)
    check_simulator("pybullet", None, ["nominal", "damping_1"])
    with pytest.raises(ValueError, match="no_armature sets the armature"):
        check_simulator("pybullet", None, ["nominal", "no_armature"])


def test_menagerie_and_its_file_go_together(tmp_path):
    (tmp_path / "a1.xml").touch()
    check_simulator("menagerie", tmp_path / "a1.xml", ["no_armature"])
    with pytest.raises(ValueError, match="--a1-model"):
        check_simulator("menagerie", None, [])
    with pytest.raises(ValueError, match="--a1-model"):
        check_simulator("mujoco", tmp_path / "a1.xml", [])
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check_simulator("menagerie", tmp_path / "missing.xml", [])
