"""A recorded walk: the content of the bag, and its world-model steps one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rosbags.serde import SerdeError

from wmp_core.contract import Contract
from wmp_replay.bag.assembler import StepAssembler
from wmp_replay.bag.motor_mode import MotorMode
from wmp_replay.bag.rebuild import Rebuilder
from wmp_replay.bag.records import DECODERS, Record
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.bag.storage import Recording, open_recording, run_info
from wmp_replay.bag.survey import Survey, TopicSurvey
from wmp_replay.bag.types import typestore
from wmp_replay.errors import BagError

#: ``graph``: the bag holds the networks' inputs; ``sensors``: they are rebuilt from camera, joints and IMU.
Kind = Literal["graph", "sensors"]

NEEDED: dict[Kind, tuple[str, ...]] = {
    "graph": ("wmp/policy_step", "wmp/depth"),
    "sensors": ("depth/image_rect_raw", "depth/camera_info", "joint_states", "imu/data"),
}
USED: dict[Kind, tuple[str, ...]] = {
    "graph": ("wmp/policy_step", "wmp/depth", "wmp/latent", "joint_states", "imu/data"),
    "sensors": (*NEEDED["sensors"], "joint_commands", "cmd_vel"),
}


@dataclass
class Walk:
    """A recording that can be replayed; each call of :meth:`steps` reads it from disk again.

    Attributes:
        topics: name in the bag -> counts, rates and gaps.
        names: name in the graph -> name in the bag, for the topics that are used.
        run_info: the recorder's notes on the run (bundle, options); empty for other recorders.
        is_dry_run: the motors damped whatever was commanded; None if the bag does not say.
        dropped_steps, duplicate_steps, undecodable: counted by the last complete :meth:`steps`.
    """

    path: Path
    kind: Kind
    topics: dict[str, TopicSurvey]
    names: dict[str, str]
    run_info: dict[str, Any]
    recording: Recording
    is_dry_run: bool | None = None
    dropped_steps: int = 0
    duplicate_steps: int = 0
    undecodable: int = 0

    @property
    def problems(self) -> list[str]:
        """What is wrong with the files, one sentence each; empty for a whole recording."""
        return self.recording.problems

    @property
    def is_partial(self) -> bool:
        """Whether a part of the recording is missing or unreadable."""
        return any(problem.startswith("cut off") or "missing" in problem for problem in self.problems)

    @property
    def terrain(self) -> dict[str, Any] | None:
        """``name`` and ``difficulty`` (0..1) of the simulated terrain; None if unknown."""
        name, difficulty = self.run_info.get("terrain"), self.run_info.get("difficulty")
        if not isinstance(name, str) or not isinstance(difficulty, (int, float)):
            return None
        return {"name": name, "difficulty": float(difficulty)}

    @property
    def duration(self) -> float:
        """Length of the walk [s], from the stamps of policy steps or joint readings."""
        topic = self.topics[self.names[NEEDED["graph"][0] if self.kind == "graph" else "joint_states"]]
        return topic.last - topic.first

    def steps(
        self, contract: Contract, progress: Callable[[float], None] | None = None
    ) -> Iterator[WorldModelStep]:
        """World-model steps in order; memory does not grow with the length of the walk.

        Args:
            contract: contract of the bundle that the walk is replayed with.
            progress: called with the share of messages read, 0..1.
        """
        assembler, rebuilder = StepAssembler(contract), Rebuilder(contract, self.is_dry_run is True)
        for record in self._records(progress):
            for each in rebuilder.feed(record) if self.kind == "sensors" else (record,):
                yield from assembler.feed(each)
        yield from assembler.finish()
        self.dropped_steps, self.duplicate_steps = assembler.dropped, assembler.duplicates

    def _records(self, progress: Callable[[float], None] | None) -> Iterator[Record]:
        store = typestore(self.recording.definitions)
        decoders = {self.names[name]: DECODERS[name] for name in USED[self.kind] if name in self.names}
        total = sum(topic.count for topic in self.topics.values())
        self.undecodable = 0
        for number, (topic, kind, stamp_ns, data) in enumerate(self.recording.messages()):
            if progress is not None and number % 512 == 0:
                progress(number / total)
            if topic not in decoders or decoders[topic][0] != kind:
                continue
            try:
                yield decoders[topic][1](store.deserialize_cdr(data, kind), 1e-9 * stamp_ns)
            except (SerdeError, ValueError, IndexError, AssertionError):
                self.undecodable += 1


def load_bag(path: str | Path) -> Walk:
    """Survey a rosbag2 recording (sqlite3 or MCAP, of any recorder, whole or truncated).

    Raises:
        BagError: there is no recording, or it holds no walk; the message lists the missing topics.
    """
    recording = open_recording(Path(path))
    survey, motors = Survey(), MotorMode(run_info(recording))
    for message in recording.messages():
        survey.add(message)
        motors.add(message)
    names = {name: found for name in DECODERS if (found := _find(name, survey.topics)) is not None}
    kind = _kind(recording, survey.topics, names)
    info = run_info(recording)
    return Walk(Path(path), kind, survey.topics, names, info, recording, motors.is_dry_run)


def _find(name: str, topics: dict[str, TopicSurvey]) -> str | None:
    """The topic ``name`` in the bag, with or without a namespace; of several, the one with most messages."""
    expected = DECODERS[name][0]
    matching = [
        topic
        for topic, found in topics.items()
        if (topic == name or topic.endswith(f"/{name}")) and found.kind == expected
    ]
    return max(matching, key=lambda topic: topics[topic].count, default=None)


def _kind(recording: Recording, topics: dict[str, TopicSurvey], names: dict[str, str]) -> Kind:
    for kind, needed in NEEDED.items():
        if all(name in names for name in needed):
            return kind
    if not topics:
        damage = "; ".join(recording.problems) or "it is empty"
        raise BagError(f"{recording.path} holds no readable message: {damage}")
    missing = [
        f"{' and '.join(name for name in needed if name not in names)} ({purpose})"
        for (needed, purpose) in (
            (NEEDED["graph"], "inputs of the networks"),
            (NEEDED["sensors"], "to rebuild them from the sensors"),
        )
    ]
    found = ", ".join(f"{name} [{topic.kind}]" for name, topic in sorted(topics.items()))
    raise BagError(
        f"{recording.path} holds no walk: it lacks {', or '.join(missing)}. Found: {found}. "
        "Record with 'wmp record'"
    )
