import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wmp_core import rotation

LEVEL = np.array([1.0, 0.0, 0.0, 0.0])
HALF = math.sqrt(0.5)

angles = st.tuples(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
vectors = st.tuples(*[st.floats(-10, 10)] * 3).map(np.array)


def from_roll_pitch_yaw(rpy):
    """Unit quaternions ``[..., 4]`` of angles ``[..., 3]`` in rad."""
    half = 0.5 * np.asarray(rpy, dtype=np.float64)
    (cr, cp, cy), (sr, sp, sy) = np.moveaxis(np.cos(half), -1, 0), np.moveaxis(np.sin(half), -1, 0)
    return np.stack(
        (
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ),
        axis=-1,
    )


def quaternions():
    return angles.map(from_roll_pitch_yaw)


def matrix(quat):
    """Rz(yaw) Ry(pitch) Rx(roll) from the angles, independent of the quaternion formulas."""
    roll, pitch, yaw = rotation.roll_pitch_yaw(quat)
    cr, sr, cp, sp, cy, sy = (f(a) for a in (roll, pitch, yaw) for f in (math.cos, math.sin))
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def test_gravity_of_a_level_robot_points_down():
    np.testing.assert_allclose(rotation.projected_gravity(LEVEL), [0, 0, -1])


def test_gravity_of_a_robot_looking_straight_down_points_forward():
    nose_down = np.array([HALF, 0.0, HALF, 0.0])
    np.testing.assert_allclose(rotation.projected_gravity(nose_down), [1, 0, 0], atol=1e-12)


def test_gravity_of_a_robot_rolled_onto_its_right_side_points_right():
    rolled_right = np.array([HALF, HALF, 0.0, 0.0])
    np.testing.assert_allclose(rotation.projected_gravity(rolled_right), [0, -1, 0], atol=1e-12)


def test_a_quarter_turn_to_the_left_takes_forward_to_left():
    turned = np.array([HALF, 0.0, 0.0, HALF])
    np.testing.assert_allclose(rotation.rotate(turned, [1, 0, 0]), [0, 1, 0], atol=1e-12)


def test_positive_pitch_looks_down():
    nose_down = from_roll_pitch_yaw([0.0, 0.3, 0.0])
    forward = rotation.rotate(nose_down, [1, 0, 0])
    np.testing.assert_allclose(forward, [math.cos(0.3), 0, -math.sin(0.3)], atol=1e-12)


@given(angles)
def test_angles_survive_conversion_to_a_quaternion(rpy):
    np.testing.assert_allclose(rotation.roll_pitch_yaw(from_roll_pitch_yaw(rpy)), rpy, atol=1e-6)


@given(quaternions(), vectors)
def test_rotation_agrees_with_the_matrix_of_the_angles(quat, vector):
    np.testing.assert_allclose(rotation.rotate(quat, vector), matrix(quat) @ vector, atol=1e-6)


@given(quaternions(), vectors)
def test_the_inverse_undoes_a_rotation(quat, vector):
    there = rotation.rotate(quat, vector)
    np.testing.assert_allclose(rotation.rotate_inverse(quat, there), vector, atol=1e-9)


@given(quaternions())
def test_projected_gravity_is_world_down_in_base_link(quat):
    down = matrix(quat).T @ [0, 0, -1]
    np.testing.assert_allclose(rotation.projected_gravity(quat), down, atol=1e-6)


def test_leading_dimensions_are_a_batch():
    quats = from_roll_pitch_yaw(np.random.default_rng(0).uniform(-1, 1, (4, 5, 3)))
    gravity = rotation.projected_gravity(quats)
    assert gravity.shape == (4, 5, 3)
    np.testing.assert_allclose(gravity[2, 3], rotation.projected_gravity(quats[2, 3]))
