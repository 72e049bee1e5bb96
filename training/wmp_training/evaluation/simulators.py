"""The simulators that an evaluation can walk in, and what each of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wmp_training.evaluation.conditions import CONDITIONS
from wmp_training.evaluation.protocol import OWN, Simulator

if TYPE_CHECKING:
    from wmp_core.contract import Contract
    from wmp_training.evaluation.episodes import MakeTracks
    from wmp_training.evaluation.independent_tracks import MakeEngine
    from wmp_training.evaluation.tracks import DrivenTracks
    from wmp_training.evaluation.trial import Trial


def check_simulator(simulator: Simulator, a1_model: Path | None, conditions: Iterable[str]) -> None:
    """Refuse what ``simulator`` cannot do, without importing it.

    Raises:
        FileNotFoundError: ``a1_model`` is no file.
        ValueError: it is not installed, needs a file ``a1_model`` or has no use for one, or cannot produce a
            condition.
    """
    if simulator == "pybullet":
        if find_spec("pybullet") is None:
            raise ValueError(
                "--sim pybullet: PyBullet is not installed; install it with 'pip install -r "
                "requirements/simulators.txt'"
            )
        rotors = [name for name in conditions if CONDITIONS[name].armature is not None]
        if rotors:
            raise ValueError(
                f"condition {', '.join(rotors)} sets the armature, which PyBullet does not have; use another "
                "--sim"
            )
    if (simulator == "menagerie") != (a1_model is not None):
        raise ValueError(
            "--sim menagerie and --a1-model go together: the file is unitree_a1/a1.xml of MuJoCo Menagerie"
        )
    if a1_model is not None and not a1_model.is_file():
        raise FileNotFoundError(f"{a1_model} does not exist, expected MuJoCo Menagerie's unitree_a1/a1.xml")


def tracks_in(simulator: Simulator, a1_model: Path | None = None) -> MakeTracks:
    """What places robots on their tracks in ``simulator``; ``a1_model`` is Menagerie's file."""
    if simulator == OWN:
        from wmp_training.evaluation.tracks import Tracks

        return Tracks
    from wmp_training.evaluation.independent_tracks import IndependentTracks

    make_engine = _engine(simulator, a1_model)

    def place(contract: Contract, trials: Sequence[Trial], varied: bool, threads: int) -> DrivenTracks:
        return IndependentTracks(contract, trials, varied, threads, make_engine)

    return place


def _engine(simulator: Simulator, a1_model: Path | None) -> MakeEngine:
    if simulator == "pybullet":
        from wmp_training.evaluation.pybullet_engine import PybulletEngine

        return PybulletEngine
    from wmp_training.evaluation.menagerie_engine import MenagerieEngine

    assert a1_model is not None
    file = a1_model
    return lambda terrain, condition: MenagerieEngine(terrain, condition, file)
