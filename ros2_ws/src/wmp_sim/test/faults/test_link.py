"""What becomes of packets on a bad link."""

import itertools

import numpy as np

from wmp_core.a1.frames import WireError
from wmp_core.a1.robot_wire import decode_low_cmd
from wmp_core.a1.wire import encode_low_cmd
from wmp_sim.faults import FaultSchedule, LinkFaults, parse_faults

ROWS = np.zeros((5, 12))
FRAME = encode_low_cmd(*ROWS)


def carried(kind, cycles=1000, seed=1, until=np.inf):
    """What arrives, per cycle, of one numbered packet per cycle of 2 ms."""
    schedule = FaultSchedule(parse_faults(f"{kind}@0:{min(until, 1e6)}"))
    schedule.start(0.0)
    link = LinkFaults(schedule, (seed,))
    arrived = []
    for cycle in range(cycles):
        schedule.advance(0.002 * cycle)
        arrived.append([int(packet) for packet in link.transmit([b"%d" % cycle])])
    return arrived


def flat(arrived):
    return [packet for cycle in arrived for packet in cycle]


def test_without_a_fault_every_packet_arrives_in_its_cycle():
    schedule = FaultSchedule()
    assert LinkFaults(schedule, (1,)).transmit([b"a", b"b"]) == [b"a", b"b"]


def test_losses_are_as_frequent_as_their_names_say():
    # Three standard deviations of a binomial distribution over 1,000 packets.
    assert abs(len(flat(carried("udp_loss_5"))) - 950) < 21
    assert abs(len(flat(carried("udp_loss_30"))) - 700) < 44
    assert flat(carried("udp_loss_100")) == []


def test_delay_shifts_by_15_cycles_and_ends_with_its_fault():
    arrived = carried("udp_delay", cycles=100, until=0.1)
    assert arrived[:15] == [[]] * 15 and arrived[15] == [0] and arrived[49] == [34]
    assert arrived[50] == [35, 50]  # the first without delay overtakes those on the way
    assert sorted(flat(arrived)) == list(range(100))


def test_reordering_swaps_neighbours_and_loses_none_but_the_last():
    order = flat(carried("udp_reorder"))
    assert sorted(order) == list(range(len(order)))
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(order))
    assert 100 < overtaken < 250


def test_duplicates_follow_their_original():
    arrived = carried("udp_duplicate")
    assert {len(cycle) for cycle in arrived} == {1, 2}
    assert flat(arrived) == sorted(flat(arrived))


def test_damaged_packets_are_recognised_by_the_receiver():
    for kind in ("udp_corrupt", "udp_truncate"):
        schedule = FaultSchedule(parse_faults(f"{kind}@0"))
        schedule.start(0.0)
        schedule.advance(0.0)
        link = LinkFaults(schedule, (1,))
        changed = refused = 0
        for packet in link.transmit([FRAME] * 500):
            changed += packet != FRAME
            try:
                decode_low_cmd(packet)
            except WireError:
                refused += 1
        # The protocol's checksum leaves out the last two bytes before it.
        assert 25 < refused <= changed < 80 and changed - refused < 5


def test_the_same_seed_loses_the_same_packets():
    assert carried("udp_loss_30", seed=4) == carried("udp_loss_30", seed=4) != carried("udp_loss_30", seed=5)


def test_a_delay_that_is_switched_off_still_delivers_what_is_on_its_way():
    schedule = FaultSchedule()
    link = LinkFaults(schedule, (1,))
    schedule.start(0.0)
    schedule.advance(0.0)
    assert not link.possible and link.transmit([b"early"]) == [b"early"]
    schedule.switch("udp_delay", True)
    schedule.advance(0.002)
    assert link.transmit([b"late"]) == []
    schedule.switch("udp_delay", False)
    schedule.advance(0.004)
    assert link.possible and link.transmit([]) == []
    schedule.advance(0.040)
    assert link.transmit([b"next"]) == [b"late", b"next"]
    assert not link.possible
