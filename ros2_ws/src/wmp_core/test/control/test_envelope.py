import numpy as np
import pytest

from wmp_core.control.command import MotorCommand
from wmp_core.control.envelope import Envelope, EnvelopeSettings
from wmp_core.robot_state import RobotState
from wmp_testing.tiny_bundle import tiny_contract

JOINTS = tiny_contract().joints
DEFAULT = np.array(JOINTS.default_position)
LIMIT = np.array(JOINTS.torque_limit)
GAINS = (np.full(12, 40.0), np.full(12, 1.0))


@pytest.fixture
def envelope():
    return Envelope(JOINTS, EnvelopeSettings())


def state(q=DEFAULT, dq=None, temperature=None, torque=None):
    rest = np.zeros(12)
    dq, torque = rest if dq is None else dq, rest if torque is None else torque
    return RobotState(np.array([1.0, 0, 0, 0]), np.zeros(3), np.zeros(3), q, dq, torque, 0.0, 0, temperature)


def high_power_state():
    """12 joints braking with 10 N m at 10 rad/s: 1200 W measured, 1000 W allowed."""
    return state(dq=np.full(12, 10.0), torque=np.full(12, -10.0))


def moved(joint, value):
    values = DEFAULT.copy()
    values[joint] = value
    return values


def test_a_harmless_command_passes_unchanged(envelope):
    requested = MotorCommand.position(DEFAULT + 0.1, *GAINS)
    result = envelope.apply(requested, state())
    assert result.clamped == () and result.trip is None
    assert np.array_equal(result.command.q, requested.q) and np.array_equal(result.command.kp, requested.kp)


def test_a_target_beyond_the_range_stops_at_the_margin():
    # Calf: -0.916 + 0.25; the joint is close to it, so that neither slew nor torque are limited.
    envelope = Envelope(JOINTS, EnvelopeSettings(position_margin=0.25))
    result = envelope.apply(MotorCommand.position(moved(2, -0.5), *GAINS), state(moved(2, -0.92)))
    assert result.clamped == ("position",)
    assert result.command.q[2] == pytest.approx(-0.666)


def test_by_default_a_target_may_exceed_its_limit_as_far_as_it_changes_the_torque():
    # Hip: (20 + 1.0 * 52.4) / 40 = 1.81 beyond 0.802, which means 20 N m at 52.4 rad/s towards the stop.
    envelope = Envelope(JOINTS, EnvelopeSettings(target_step=10.0, power_limit=2000.0, power_trip=2000.0))
    q, dq = moved(0, 0.802), moved(0, 52.4)
    result = envelope.apply(MotorCommand.position(moved(0, 9.0), *GAINS), state(q, dq))
    assert result.command.q[0] == pytest.approx(0.802 + 1.81)
    assert result.command.implied_torque(q, dq)[0] == pytest.approx(20.0)


def test_the_extremes_are_the_lowest_and_highest_commands_of_every_joint(envelope):
    lowest, highest = envelope.extremes
    # Limits and margin: hip +-0.802 and 1.81 rad; calf -2.697 to -0.916 and 1.465 rad.
    np.testing.assert_allclose([lowest.q[0], highest.q[0]], [-2.612, 2.612])
    np.testing.assert_allclose([lowest.q[2], highest.q[2]], [-4.162, 0.549])
    assert highest.tau[:3].tolist() == [20, 30, 30] and np.array_equal(lowest.tau, -highest.tau)
    assert highest.dq[:3].tolist() == [52.4, 28.6, 28.6] and np.array_equal(lowest.dq, -highest.dq)
    for command in (lowest, highest):
        assert np.all(command.kp == 200) and np.all(command.kd == 20)


def test_a_jump_of_the_target_is_limited_to_steps(envelope):
    gains = (np.full(12, 10.0), np.full(12, 1.0))
    found = [envelope.apply(MotorCommand.position(moved(1, 2.0), *gains), state()) for _ in range(3)]
    # From 0.8 in steps of 0.5.
    assert [result.command.q[1] for result in found] == pytest.approx([1.3, 1.8, 2.0])
    assert [result.clamped for result in found] == [("slew",), ("slew",), ()]


def test_a_stiff_far_target_moves_to_where_the_torque_meets_its_limit(envelope):
    gains = (np.full(12, 100.0), np.full(12, 1.0))
    result = envelope.apply(MotorCommand.position(moved(0, 0.5), *gains), state())
    # Hip at 0.1: 100 * 0.4 = 40 N m requested, 20 allowed, so the target is 0.1 + 20 / 100.
    assert result.clamped == ("torque",)
    assert result.command.q[0] == pytest.approx(0.3)
    assert result.command.kp[0] == pytest.approx(100)


def test_torque_beyond_its_limit_is_limited(envelope):
    result = envelope.apply(MotorCommand.torque(np.full(12, -25.0)), state())
    assert result.clamped == ("torque",)
    assert result.command.tau[:3].tolist() == [-20, -25, -25]


def test_damping_of_a_fast_joint_is_reduced_to_the_effort_limit(envelope):
    result = envelope.apply(
        MotorCommand.damping(3.0), state(dq=moved(0, 20.0) - DEFAULT * (np.arange(12) > 0))
    )
    # 3 * 20 = 60 N m; the hip's limit is 20.
    assert result.command.kd[0] == pytest.approx(1.0)
    assert np.all(result.command.kd[1:] == 3.0)


def test_a_tiny_stiffness_counts_as_zero(envelope):
    # Moving the target by tau / kp would make it infinite.
    ones = np.ones(12)
    command = envelope.apply(MotorCommand(ones, ones, ones, np.full(12, 5e-324), ones), state()).command
    assert not command.kp.any() and np.isfinite(command.q).all()


@pytest.mark.parametrize(
    ("celsius", "share"), [(60, 1.0), (70, 0.65), (80, 0.3), (100, 0.3), (-20, 1.0), (np.nan, 0.3)]
)
def test_only_a_hot_motor_has_a_lower_effort_limit(envelope, celsius, share):
    # Linear from 100 % at 60 degrees to 30 % at 80.
    temperature = np.full(12, 40.0)
    temperature[1] = celsius
    command = envelope.apply(MotorCommand.torque(np.full(12, 30.0)), state(temperature=temperature)).command
    assert command.tau[1] == pytest.approx(30 * share)
    assert command.tau[2] == 30 and command.tau[0] == 20


def test_damping_of_a_hot_motor_keeps_to_its_reduced_torque(envelope):
    hot = state(dq=np.full(12, 9.0), temperature=np.full(12, 80, dtype=np.int8))
    command = envelope.apply(MotorCommand.damping(3.0), hot).command
    # 30 % of 20 and 30 N m at 9 rad/s, rounded down to sixteenths.
    assert command.kd[:3].tolist() == [0.625, 1.0, 1.0]


def test_gains_are_rounded_down_to_the_resolution_of_the_wire(envelope):
    kp, kd = np.full(12, 40.02), np.full(12, 1.05)
    command = envelope.apply(MotorCommand.position(DEFAULT, kp, kd), state()).command
    assert np.all(command.kp == 40.0) and np.all(command.kd == 1.0)


@pytest.mark.parametrize("field", ["q", "dq", "tau", "kp", "kd"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_command_that_is_not_finite_becomes_damping_and_names_the_joint(envelope, field, value):
    fields = {name: np.zeros(12) for name in ("q", "dq", "tau", "kp", "kd")}
    fields[field][4] = value
    result = envelope.apply(MotorCommand(**fields), state())
    assert result.trip == f"commanded {field} of FR_thigh_joint is {value}: not finite"
    assert not result.command.kp.any() and not result.command.tau.any() and np.all(result.command.kd == 3)


def test_a_trip_lasts_until_reset(envelope):
    good = MotorCommand.position(DEFAULT, *GAINS)
    envelope.apply(MotorCommand.torque(np.full(12, np.nan)), state())
    assert envelope.apply(good, state()).trip is not None
    envelope.reset()
    assert envelope.apply(good, state()).trip is None


def test_an_implausible_state_becomes_damping(envelope):
    result = envelope.apply(MotorCommand.position(DEFAULT, *GAINS), state(moved(5, np.nan)))
    assert result.trip == "measured position of FR_calf_joint is nan: implausible"
    assert not result.command.kp.any() and np.isfinite(result.command.kd).all()


def test_beyond_the_power_limit_all_torques_are_scaled_alike(envelope):
    # 12 joints at 10 rad/s: 10 N m mean 1200 W, 900 W leave three quarters.
    result = envelope.apply(MotorCommand.torque(np.full(12, 10.0)), state(dq=np.full(12, 10.0)))
    assert result.clamped == ("power",) and result.trip is None
    np.testing.assert_allclose(result.command.tau, 7.5)


def test_power_is_limited_by_nearer_targets_with_unchanged_gains(envelope):
    # 0.3 rad at 40 N m/rad: 12 N m less 1 N m s/rad x 7 rad/s are 5 N m each, and braked ones 19 N m.
    dq = np.full(12, 7.0) * np.tile([1.0, -1.0], 6)
    q, requested = np.zeros(12), np.full(12, 0.3)
    result = envelope.apply(MotorCommand.position(requested, *GAINS), state(q, dq))
    torques = np.tile([5.0, 19.0], 6)
    torque = result.command.implied_torque(q, dq)
    assert result.clamped == ("power",)
    np.testing.assert_allclose(torque, torques * 900 / (7 * torques.sum()))
    assert np.all(result.command.kp == 40.0) and np.all(result.command.kd == 1.0)


def test_damping_keeps_to_the_power_limit_on_request_and_after_a_trip(envelope):
    # 12 x 3 N m s/rad x (6 rad/s)^2 = 1296 W: 900 W leave 2.08 N m s/rad, in sixteenths 2.0625.
    fast = state(dq=np.full(12, 6.0))
    assert envelope.apply(MotorCommand.damping(3.0), fast).command.kd.tolist() == [2.0625] * 12
    envelope.apply(MotorCommand.torque(np.full(12, np.nan)), fast)
    assert envelope.apply(MotorCommand.damping(3.0), fast).command.kd.tolist() == [2.0625] * 12


def test_motors_that_exceed_the_power_limit_trip_on_the_sixth_state_in_a_row(envelope):
    rest = MotorCommand.torque(np.zeros(12))
    assert [envelope.apply(rest, high_power_state()).trip is None for _ in range(6)] == [True] * 5 + [False]
    trip = envelope.apply(rest, high_power_state()).trip
    assert "measured power 1200 W is over 1000 W for the 6th time" in trip


def test_power_excess_must_be_consecutive(envelope):
    rest = MotorCommand.torque(np.zeros(12))
    for _ in range(3):
        assert all(envelope.apply(rest, high_power_state()).trip is None for _ in range(5))
        assert envelope.apply(rest, state()).trip is None


def test_a_repeated_state_counts_once_towards_the_power_trip(envelope):
    rest, newest = MotorCommand.torque(np.zeros(12)), high_power_state()
    assert all(envelope.apply(rest, newest).trip is None for _ in range(20))
    assert [envelope.apply(rest, high_power_state()).trip is None for _ in range(5)] == [True] * 4 + [False]


def test_nan_torques_exceed_the_power_limit(envelope):
    rest = MotorCommand.torque(np.zeros(12))
    found = [envelope.apply(rest, state(torque=np.full(12, np.nan))).trip for _ in range(6)]
    assert found[:5] == [None] * 5 and "measured power nan W" in found[5]


@pytest.mark.parametrize("torque", [0.0, 1e-9, 1e-7, 1e-5, 1e-3])
def test_under_the_power_limit_a_joint_with_almost_no_torque_keeps_its_gains(envelope, torque):
    # Its torque is smaller than the rounding error, which must not scale its gains to zero.
    dq, kp, kd = np.full(12, 9.7), *GAINS
    requested = np.full(12, 15.0)
    requested[0] = torque
    result = envelope.apply(MotorCommand.position(DEFAULT + (requested + kd * dq) / kp, kp, kd), state(dq=dq))
    assert "power" in result.clamped
    assert result.command.kp[0] == pytest.approx(40.0, abs=0.1)


@pytest.mark.parametrize(
    ("key", "value"),
    [("derate_to", 60.0), ("derate_rest", 0.0), ("kp_step", 0.0)]
    + [
        ("power_limit", -1.0),
        ("power_trip", 0.0),
        ("power_trip", 899.0),
        ("position_margin", 2.1),
        ("max_kp", np.inf),
        ("damping_kd", 30.0),
    ],
)
def test_settings_out_of_range_are_refused_by_name(key, value):
    with pytest.raises(ValueError, match=key):
        EnvelopeSettings(**{key: value})
