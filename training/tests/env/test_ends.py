import torch

from wmp_training.env.config import EnvConfig
from wmp_training.env.end_terms import FAILURES, limits
from wmp_training.env.ends import Ends

LEVEL = torch.tensor([[0.0, 0.0, -1.0]])
NO_CONTACT = torch.zeros(1, dtype=torch.bool)
HARD = EnvConfig(
    ends=limits(
        {
            "upright": 0.0,
            "trunk_contact": 0.4,
            "track_end": 7.0,
            "off_side": 2.2,
            "off_back": 1.8,
            "stuck": 5.0,
            "pit": 0.4,
        }
    )
)


def ends(config, pit=False, track=True):
    judge = Ends(config, torch.tensor([track]), torch.tensor([pit]), control_period=0.02)
    judge.reset(torch.tensor([0]), torch.zeros(1))
    return judge


def at(judge, x, y=0.0, z=0.3, gravity=LEVEL, speed=0.5):
    failed, left = judge(torch.tensor([[x, y, z]]), gravity, NO_CONTACT, torch.tensor([speed]))
    return bool(failed), bool(left)


def test_leaving_the_track_sideways_is_a_failure_only_if_configured():
    assert at(ends(HARD), 7.1) == (False, True)
    assert at(ends(HARD), 3.0, y=2.3) == (True, False)
    assert at(ends(HARD), -1.9) == (True, False) and at(ends(EnvConfig()), -1.9) == (False, True)
    assert at(ends(EnvConfig()), 3.0, y=2.3) == (False, True)


def test_open_ground_has_no_bounds():
    assert at(ends(HARD, track=False), 30.0, y=9.0) == (False, False)


def test_a_robot_without_progress_under_a_command_fails_after_five_seconds():
    judge, waiting = ends(HARD), ends(HARD)
    results = [at(judge, 0.05) for _ in range(255)]
    assert [failed for failed, _ in results].index(True) == 250
    assert not any(at(waiting, 0.05, speed=0.0)[0] for _ in range(255))


def test_progress_resets_the_timer():
    judge = ends(HARD)
    assert not any(at(judge, 0.11 * (step // 200))[0] for step in range(1000))


def test_below_the_ground_is_a_fall_only_where_there_is_a_pit():
    assert at(ends(HARD, pit=True), 1.0, z=-0.5) == (True, False)
    assert at(ends(HARD), 1.0, z=-0.5) == (False, False)


def test_rolling_to_the_side_is_allowed_up_to_ninety_degrees():
    almost, beyond = torch.tensor([[0.0, 0.999, -0.01]]), torch.tensor([[0.0, 0.999, 0.01]])
    assert at(ends(HARD), 1.0, gravity=almost) == (False, False)
    assert at(ends(HARD), 1.0, gravity=beyond) == (True, False)
    assert at(ends(EnvConfig()), 1.0, gravity=almost) == (True, False)


def test_a_new_end_is_one_function_and_one_limit(monkeypatch):
    monkeypatch.setitem(FAILURES, "jumped", lambda now, limit: now.position[:, 2] > limit)
    config = EnvConfig(ends=limits({"jumped": 0.9}))
    assert at(ends(config), 1.0, z=1.0) == (True, False) and at(ends(config), 1.0) == (False, False)
