"""Faults of one direction of the UDP link: loss, delay, order and damage of packets."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from .schedule import FaultSchedule

Packets = list[bytes]

LOSS = {"udp_loss_5": 0.05, "udp_loss_30": 0.30, "udp_loss_100": 1.0}
DELAY = 0.030
REORDERED, DUPLICATED, DAMAGED = 0.2, 1 / 3, 0.1

KINDS = (*LOSS, "udp_delay", "udp_reorder", "udp_duplicate", "udp_corrupt", "udp_truncate")


class LinkFaults:
    """Call :meth:`transmit` once per cycle with the sent packets; it returns those that arrive.

    Args:
        schedule: the active faults.
        seed: of the random choices; each direction has its own seed.
    """

    def __init__(self, schedule: FaultSchedule, seed: tuple[int, ...]) -> None:
        self._schedule = schedule
        self._random = np.random.default_rng(seed)
        self._held_back: Packets = []
        self._on_the_way: list[tuple[float, bytes]] = []

    @property
    def possible(self) -> bool:
        """Whether packets may arrive otherwise than sent: by a fault, or because one has held them up."""
        return self._schedule.has_any(KINDS) or bool(self._held_back or self._on_the_way)

    def transmit(self, packets: Packets) -> Packets:
        """Packets that arrive in this cycle, in order of arrival."""
        if not self.possible:
            return packets
        for kind, share in LOSS.items():
            packets = self._if_on(kind, packets, functools.partial(self._lose, share))
        packets = self._if_on("udp_duplicate", packets, self._duplicate)
        packets = self._if_on("udp_corrupt", packets, functools.partial(self._damage, self._flip_bit))
        packets = self._if_on("udp_truncate", packets, functools.partial(self._damage, self._cut))
        return self._delay(self._reorder(packets))

    def _if_on(self, kind: str, packets: Packets, change: Callable[[Packets], Packets]) -> Packets:
        return change(packets) if self._schedule.is_on(kind) else packets

    def _lose(self, share: float, packets: Packets) -> Packets:
        return [packet for packet in packets if self._random.random() >= share]

    def _duplicate(self, packets: Packets) -> Packets:
        return [copy for packet in packets for copy in [packet] * (1 + (self._random.random() < DUPLICATED))]

    def _damage(self, damage: Callable[[bytes], bytes], packets: Packets) -> Packets:
        return [damage(packet) if self._random.random() < DAMAGED else packet for packet in packets]

    def _flip_bit(self, packet: bytes) -> bytes:
        damaged = bytearray(packet)
        damaged[self._random.integers(len(damaged))] ^= 1 << int(self._random.integers(8))
        return bytes(damaged)

    def _cut(self, packet: bytes) -> bytes:
        return packet[: int(self._random.integers(1, len(packet)))]

    def _reorder(self, packets: Packets) -> Packets:
        """Hold some packets back until the next one has passed."""
        overtaken = self._held_back if packets else []
        if packets:
            self._held_back = []
        if self._schedule.is_on("udp_reorder"):
            self._held_back += [packet for packet in packets if self._random.random() < REORDERED]
        return [packet for packet in packets if packet not in self._held_back] + overtaken

    def _delay(self, packets: Packets) -> Packets:
        now = self._schedule.elapsed
        late = DELAY if self._schedule.is_on("udp_delay") else 0.0
        self._on_the_way += [(now + late, packet) for packet in packets]
        arrived = [packet for due, packet in self._on_the_way if due <= now + 1e-6]
        self._on_the_way = [(due, packet) for due, packet in self._on_the_way if due > now + 1e-6]
        return arrived
