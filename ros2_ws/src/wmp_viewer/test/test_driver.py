"""One page drives, and only while it holds."""

from wmp_viewer.driver import HOLD_TIME, STILL, Driver


def test_without_a_driver_nothing_is_commanded():
    assert Driver().velocity(0.0) is None


def test_the_velocity_lasts_as_long_as_it_is_held():
    driver, page = Driver(), object()
    assert driver.arm(page)
    assert driver.velocity(10.0) == STILL
    driver.hold((0.5, 0.0, 0.2), 10.0)
    assert driver.velocity(10.0 + HOLD_TIME) == (0.5, 0.0, 0.2)
    assert driver.velocity(10.01 + HOLD_TIME) == STILL


def test_a_second_page_does_not_drive_until_the_first_has_gone():
    driver, first, second = Driver(), object(), object()
    assert driver.arm(first) and driver.arm(first)
    assert not driver.arm(second)
    driver.disarm(second)
    assert driver.page is first
    driver.disarm(first)
    assert driver.velocity(0.0) is None
    assert driver.arm(second)


def test_a_new_driver_does_not_inherit_a_velocity():
    driver, first, second = Driver(), object(), object()
    driver.arm(first)
    driver.hold((0.5, 0.0, 0.0), 10.0)
    driver.disarm(first)
    driver.arm(second)
    assert driver.velocity(10.1) == STILL
