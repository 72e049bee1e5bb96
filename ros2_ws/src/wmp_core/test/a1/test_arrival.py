"""A datagram has its arrival time, however late it is read and whatever the system time is set to."""

import socket
import time

import pytest

from wmp_core.a1.arrival import ArrivalSocket

HOUR = 3600.0
#: Time between reading two clocks on a loaded machine [s].
TOLERANCE = 0.05


@pytest.fixture
def sockets():
    """A sender and the socket that receives from it."""
    with ArrivalSocket(time.monotonic) as receiver, socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM
    ) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.connect(receiver.getsockname())
        _wait_for_the_kernels_clock(sender, receiver)
        yield sender, receiver


def _wait_for_the_kernels_clock(sender, receiver):
    """The kernel starts to stamp arrivals some milliseconds after the first socket has requested it."""
    for _ in range(500):
        sender.send(b"first")
        sent = time.monotonic()
        time.sleep(0.01)
        if receiver.receive().stamp < sent + 1e-3:
            return
    pytest.fail("the kernel stamps no arrivals: 500 datagrams in 5 s had the time of reading")


def test_a_datagram_that_is_read_late_has_its_arrival_time(sockets):
    sender, receiver = sockets
    before = time.monotonic()
    sender.send(b"state")
    after = time.monotonic()
    time.sleep(0.3)
    datagram = receiver.receive()
    assert (datagram.data, datagram.sender[0]) == (b"state", "127.0.0.1")
    assert before - TOLERANCE < datagram.stamp < after + 1e-3


def test_an_empty_socket_raises_without_waiting(sockets):
    with pytest.raises(BlockingIOError):
        sockets[1].receive()


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_setting_the_system_time_changes_an_arrival_time_by_at_most_the_possible_wait(
    sockets, monkeypatch, step
):
    sender, receiver = sockets
    time.sleep(0.3)
    with pytest.raises(BlockingIOError):
        receiver.receive()
    emptied = time.monotonic()
    sender.send(b"state")
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + step)
    stamp = receiver.receive().stamp
    assert emptied - TOLERANCE < stamp <= time.monotonic()
