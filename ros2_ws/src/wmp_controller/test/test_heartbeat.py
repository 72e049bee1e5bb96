"""When a thread counts as hanging."""

from wmp_controller.heartbeat import Heartbeat


def test_a_count_that_stays_the_same_for_longer_than_the_patience_has_stopped():
    heartbeat = Heartbeat(patience=2)
    assert [heartbeat.has_stopped(7) for _ in range(4)] == [False, False, False, True]
    assert not heartbeat.has_stopped(8)


def test_a_thread_that_waits_for_others_does_not_hang():
    heartbeat = Heartbeat(patience=0)
    assert not any(heartbeat.has_stopped(None) for _ in range(9))
    assert [heartbeat.has_stopped(count) for count in (3, None, 3, 3)] == [False, False, False, True]
