"""The remote test against a robot on the wire whose remote presses what it is asked for."""

import struct

import pytest

from wmp_core.a1.remote import BUTTONS, HEADER
from wmp_core.doctor.check import Verdict
from wmp_core.doctor.remote import check_remote

#: Position of each stick in the remote's floats.
FLOATS = ("lx", "rx", "ry", "l2", "ly")


def remote(buttons=0, stick=None, header=HEADER):
    floats = [1.0 if name == stick else 0.0 for name in FLOATS]
    return struct.pack("<2sH5f", header, buttons, *floats).ljust(40, b"\0")


@pytest.fixture
def obey(robot):
    """Presses a button or moves a stick as asked, but for ``deaf``."""
    sticks = {"left stick up": "ly", "left stick to": "lx", "right stick up": "ry", "right stick to": "rx"}

    def answer(text, deaf=()):
        word = text.split()[-1]
        if text.startswith("press"):
            robot.fields["remote"] = remote(0 if word in deaf else 1 << BUTTONS.index(word))
        else:
            stick = next(field for words, field in sticks.items() if words in text)
            robot.fields["remote"] = remote(stick=None if stick in deaf else stick)

    robot.fields["remote"] = remote()
    return answer


def test_every_button_and_stick_is_asked_for_once_and_arrives(link, contract, robot, obey):
    asked = []
    checks = check_remote(link, contract, lambda text: (asked.append(text), obey(text)))
    assert len(asked) == len(set(asked)) == len(BUTTONS) + 4
    assert [check.verdict for check in checks] == [Verdict.PASS] * (1 + len(asked))
    assert all(not command.kp.any() and not command.tau.any() for command in robot.commands)


def test_a_button_that_does_not_arrive_is_named(link, contract, obey):
    checks = check_remote(link, contract, lambda text: obey(text, deaf=("B", "rx")), patience=0.3)
    failed = {check.name: check.found for check in checks if check.verdict is Verdict.FAIL}
    assert failed.keys() == {"remote B", "remote rx"} and "nothing held" in failed["remote B"]


@pytest.mark.parametrize(
    ("data", "found"),
    [(bytes(40), "all bytes are zero"), (remote(header=b"\x01\x02"), "unknown header 01 02, expected 55 51")],
)
def test_a_remote_that_is_not_passed_on_is_one_failure(link, contract, robot, data, found):
    robot.fields["remote"] = data
    (check,) = check_remote(link, contract, patience=0.1)
    assert (check.verdict, check.found) == (Verdict.FAIL, found) and check.remedy
