"""A datagram's arrival is told, however late it is read and whatever the system's time is set to."""

import socket
import time

import pytest

from wmp_core.a1.arrival import ArrivalSocket

HOUR = 3600.0
#: s between reading two clocks, on a machine that does much else.
TOLERANCE = 0.05


@pytest.fixture
def sockets():
    """A sender, and the socket it is connected to."""
    with ArrivalSocket(time.monotonic) as receiver, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.connect(receiver.getsockname())
        _wait_for_the_kernels_clock(sender, receiver)
        yield sender, receiver


def _wait_for_the_kernels_clock(sender, receiver):
    """The kernel begins to note arrivals a moment after the first socket of the machine has asked for it."""
    for _ in range(500):
        sender.send(b"first")
        sent = time.monotonic()
        time.sleep(0.01)
        if receiver.take().stamp < sent + 1e-3:
            return
    pytest.fail("the kernel notes no arrivals: 500 datagrams in 5 s were as new as their reading")


def test_a_datagram_that_is_read_late_is_as_old_as_its_arrival(sockets):
    sender, receiver = sockets
    before = time.monotonic()
    sender.send(b"state")
    after = time.monotonic()
    time.sleep(0.3)
    datagram = receiver.take()
    assert (datagram.data, datagram.host) == (b"state", "127.0.0.1")
    assert before - TOLERANCE < datagram.stamp < after + 1e-3


def test_an_empty_socket_says_so_and_does_not_wait(sockets):
    with pytest.raises(BlockingIOError):
        sockets[1].take()


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_setting_the_systems_time_makes_a_state_older_by_no_more_than_it_can_have_waited(
    sockets, monkeypatch, step
):
    sender, receiver = sockets
    time.sleep(0.3)
    with pytest.raises(BlockingIOError):
        receiver.take()
    emptied = time.monotonic()
    sender.send(b"state")
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + step)
    stamp = receiver.take().stamp
    assert emptied - TOLERANCE < stamp <= time.monotonic()
