"""When a thread counts as hanging."""

from wmp_controller.hang_detector import HangDetector


def test_a_count_that_stalls_for_more_polls_than_allowed_is_a_hang():
    detector = HangDetector(max_stalled=2)
    assert [detector.update(7) for _ in range(4)] == [False, False, False, True]
    assert not detector.update(8)


def test_a_thread_that_waits_for_others_does_not_hang():
    detector = HangDetector(max_stalled=0)
    assert not any(detector.update(None) for _ in range(9))
    assert [detector.update(count) for count in (3, None, 3, 3)] == [False, False, False, True]
