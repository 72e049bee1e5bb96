import math
from dataclasses import replace

import numpy as np
import pytest

from wmp_core.control.modes import Mode
from wmp_core.control.watchdog import Reaction, Watchdog, WatchdogSettings, attitude
from wmp_core.testing.tiny_bundle import tiny_contract

LIMITS = tiny_contract().limits
FINE = {"state age": 0.0, "attitude": 0.0, "latent age": 0.0, "command age": 0.0}


def rolled(angle):
    return np.array([math.cos(angle / 2), math.sin(angle / 2), 0.0, 0.0])


def pitched(angle):
    return np.array([math.cos(angle / 2), 0.0, math.sin(angle / 2), 0.0])


@pytest.mark.parametrize("turn", [rolled, pitched])
@pytest.mark.parametrize("angle", [0.0, 0.3, -0.7, 1.5])
def test_attitude_is_the_magnitude_of_roll_or_pitch(turn, angle):
    assert attitude(turn(angle)) == pytest.approx(abs(angle), abs=1e-6)


def test_a_robot_on_its_back_has_an_attitude_of_half_a_turn():
    assert attitude(rolled(math.pi)) == pytest.approx(math.pi)
    # Tumbled over its nose by 2.5 rad: upside down, although its pitch angle is small again.
    assert attitude(pitched(2.5)) == pytest.approx(math.pi)


@pytest.mark.parametrize("quat", [np.zeros(4), np.full(4, np.nan), np.array([2.0, 0, 0, 0])])
def test_what_is_no_orientation_never_passes(quat):
    watchdog = Watchdog(LIMITS, WatchdogSettings())
    trips = watchdog.check(Mode.STAND, {**FINE, "attitude": attitude(quat)})
    assert [trip.name for trip in trips] == ["attitude"]


@pytest.mark.parametrize(
    ("name", "limit", "reaction"),
    [
        ("state age", 0.05, Reaction.FAULT),
        ("attitude", 0.8, Reaction.FAULT),
        ("latent age", 0.5, Reaction.SIT_DOWN),
        ("command age", 0.5, Reaction.ZERO_COMMAND),
    ],
)
def test_each_condition_trips_just_beyond_its_limit(name, limit, reaction):
    watchdog = Watchdog(LIMITS, WatchdogSettings())
    assert watchdog.check(Mode.WALK, {**FINE, name: limit - 1e-6}) == ()
    (trip,) = watchdog.check(Mode.WALK, {**FINE, name: limit + 1e-6})
    assert (trip.name, trip.reaction) == (name, reaction)


def test_the_contracts_attitude_replaces_the_default_and_gets_the_margin():
    watchdog = Watchdog(replace(LIMITS, attitude=1.0), WatchdogSettings(attitude_margin=0.1))
    assert watchdog.check(Mode.WALK, {**FINE, "attitude": 1.05}) == ()
    (trip,) = watchdog.check(Mode.WALK, {**FINE, "attitude": 1.2})
    assert str(trip) == "attitude is 1.2 rad, limit 1.1 rad"


def test_a_passive_robot_may_be_carried_in_any_attitude():
    watchdog = Watchdog(LIMITS, WatchdogSettings())
    assert watchdog.check(Mode.PASSIVE, {**FINE, "attitude": 3.0, "state age": 9.0}) == ()


def test_settings_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match="state_age"):
        WatchdogSettings(state_age=-1.0)
