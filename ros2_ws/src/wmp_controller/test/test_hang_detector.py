"""When a thread counts as hung."""

from wmp_controller.hang_detector import HangDetector


def test_a_count_that_stays_the_same_for_longer_than_the_patience_has_hung():
    detector = HangDetector(patience=2)
    assert [detector.has_hung(7) for _ in range(4)] == [False, False, False, True]
    assert not detector.has_hung(8)


def test_a_thread_that_waits_for_others_has_not_hung():
    detector = HangDetector(patience=0)
    assert not any(detector.has_hung(None) for _ in range(9))
    assert [detector.has_hung(count) for count in (3, None, 3, 3)] == [False, False, False, True]
