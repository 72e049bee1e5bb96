import math
from dataclasses import replace

import numpy as np
import pytest

from wmp_core.calibration import Calibration
from wmp_core.control.measurements import attitude
from wmp_core.control.modes import Mode
from wmp_core.control.safety_monitor import Reaction, SafetyMonitor, SafetySettings
from wmp_testing.tiny_bundle import tiny_contract

LIMITS = tiny_contract().limits
CALIBRATION = Calibration(surprise=4.0, attitude_rate=9.0)


@pytest.fixture
def monitor():
    return SafetyMonitor(LIMITS, SafetySettings(), CALIBRATION)


def measured(monitor, **changes):
    """Measurements without a trip, except for ``changes`` (underscores for spaces)."""
    changes = {name.replace("_", " "): value for name, value in changes.items()}
    return {**dict.fromkeys(monitor.rules, 0.0), **changes}


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
    # Pitched by 2.5 rad, it is upside down although its pitch angle is small again.
    assert attitude(pitched(2.5)) == pytest.approx(math.pi)


@pytest.mark.parametrize("quat", [np.zeros(4), np.full(4, np.nan), np.array([2.0, 0, 0, 0])])
def test_an_invalid_orientation_trips(monitor, quat):
    trips = monitor.check(Mode.STAND, measured(monitor, attitude=attitude(quat)), 0.0)
    assert [trip.name for trip in trips] == ["attitude"]


@pytest.mark.parametrize(
    ("name", "limit", "reaction"),
    [
        ("emergency stop", 0.5, Reaction.DAMP),
        ("servo", 0.5, Reaction.DAMP),
        ("restart", 0.5, Reaction.DAMP),
        ("state age", 0.05, Reaction.DAMP),
        ("attitude", 0.6, Reaction.DAMP),
        ("attitude rate", 9.0, Reaction.DAMP),
        ("imu stuck", 0.1, Reaction.SIT),
        ("joint range", 0.2, Reaction.DAMP),
        ("joint speed", 1.5, Reaction.DAMP),
        ("joint jump", 0.3, Reaction.DAMP),
        ("motor temperature", 75.0, Reaction.SIT),
        ("loop overrun", 0.04, Reaction.STAND),
        ("latent age", 0.5, Reaction.SIT),
        ("blind slow", 0.5, Reaction.SLOW),
        ("blind stand", 2.0, Reaction.STAND),
        ("surprise", 4.0, Reaction.SLOW),
        ("command age", 0.5, Reaction.STAND),
        ("joystick age", 0.5, Reaction.STAND),
    ],
)
def test_each_rule_trips_just_beyond_its_limit(monitor, name, limit, reaction):
    assert monitor.check(Mode.WALK, {**measured(monitor), name: limit - 1e-6}, 0.0) == ()
    (trip,) = monitor.check(Mode.WALK, {**measured(monitor), name: limit + 1e-6}, 0.0)
    assert (trip.name, trip.reaction) == (name, reaction)
    (trip,) = monitor.check(Mode.WALK, {**measured(monitor), name: math.nan}, 9.0)
    assert trip.name == name


def test_the_table_above_is_complete(monitor):
    assert sum(Mode.WALK in rule.modes for rule in monitor.rules.values()) == 18


@pytest.mark.parametrize("mode", [Mode.STAND_UP, Mode.STAND])
def test_a_posture_has_a_lower_attitude_limit_than_a_climbing_policy(mode):
    monitor = SafetyMonitor(replace(LIMITS, attitude=1.2), SafetySettings())
    leaning = measured(monitor, attitude=0.81, posture_attitude=0.81)
    (trip,) = monitor.check(mode, leaning, 0.0)
    assert (trip.name, trip.reaction, trip.limit) == ("posture attitude", Reaction.DAMP, 0.8)
    # A robot that sits down in a climb is not damped.
    assert monitor.check(Mode.WALK, leaning, 0.0) == monitor.check(Mode.SIT_DOWN, leaning, 0.0) == ()


@pytest.mark.parametrize("reaction", list(Reaction))
def test_every_reaction_can_be_chosen_by_its_name(reaction):
    monitor = SafetyMonitor(LIMITS, SafetySettings(motor_temperature_reaction=reaction.value))
    (trip,) = monitor.check(Mode.STAND, measured(monitor, motor_temperature=90.0), 0.0)
    assert trip.reaction is reaction


def test_the_contracts_attitude_plus_margin_replaces_the_default():
    monitor = SafetyMonitor(replace(LIMITS, attitude=1.0), SafetySettings(attitude_margin=0.1))
    assert monitor.check(Mode.WALK, measured(monitor, attitude=1.05), 0.0) == ()
    (trip,) = monitor.check(Mode.WALK, measured(monitor, attitude=1.2), 0.0)
    assert str(trip) == "attitude is 1.2 rad, limit 1.1 rad"


def test_a_bundle_without_calibration_is_never_surprised():
    monitor = SafetyMonitor(LIMITS, SafetySettings())
    assert monitor.check(Mode.WALK, measured(monitor, surprise=1e6), 0.0) == ()


def test_a_passive_robot_may_be_carried_in_any_attitude(monitor):
    assert monitor.check(Mode.PASSIVE, measured(monitor, attitude=3.0, state_age=9.0), 0.0) == ()


def test_slowing_continues_for_the_recovery_time(monitor):
    assert monitor.check(Mode.WALK, measured(monitor, blind_slow=0.6), 1.0)
    assert monitor.check(Mode.WALK, measured(monitor), 1.499)
    assert monitor.check(Mode.WALK, measured(monitor), 1.501) == ()


def test_a_damping_trip_ends_with_its_cause(monitor):
    assert monitor.check(Mode.WALK, measured(monitor, state_age=1.0), 1.0)
    assert monitor.check(Mode.WALK, measured(monitor), 1.1) == ()


@pytest.mark.parametrize(
    ("key", "value"), [("state_age", -1.0), ("surprise", math.inf), ("blind_slow_reaction", "panic")]
)
def test_settings_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(ValueError, match=key):
        SafetySettings(**{key: value})
