"""A recorded walk: what the bag holds, and its world-model steps one after the other."""

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

#: ``graph``: holds the networks' own inputs; ``sensors``: they are rebuilt from camera, joints and IMU.
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
    """A recording that can be replayed; read from disk anew by each call of :meth:`steps`.

    Attributes:
        topics: actual name -> what was found there.
        names: name in the graph's terms -> actual name, for the topics that are used.
        run_info: the recorder's notes on the run (bundle, options); empty for other recorders.
        is_dry_run: whether the motors were damped whatever was commanded; None if nothing tells.
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
        """Whether something that was recorded cannot be read."""
        return any(problem.startswith("cut off") or "missing" in problem for problem in self.problems)

    @property
    def terrain(self) -> dict[str, Any] | None:
        """``name`` and ``difficulty`` (0..1) of the simulated ground that was walked; None if unknown."""
        name, difficulty = self.run_info.get("terrain"), self.run_info.get("difficulty")
        if not isinstance(name, str) or not isinstance(difficulty, (int, float)):
            return None
        return {"name": name, "difficulty": float(difficulty)}

    @property
    def duration(self) -> float:
        """Length of the walk in s, by the steps of the policy or the joints' readings."""
        topic = self.topics[self.names[NEEDED["graph"][0] if self.kind == "graph" else "joint_states"]]
        return topic.last - topic.first

    def steps(
        self, contract: Contract, progress: Callable[[float], None] | None = None
    ) -> Iterator[WorldModelStep]:
        """World-model steps in order; memory does not grow with the walk.

        Args:
            contract: of the bundle that the walk is replayed with.
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
    """Look through a rosbag2 recording (sqlite3 or MCAP, of any recorder, whole or cut off).

    Raises:
        BagError: there is no recording, or it holds no walk; lists what is missing.
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
    """The topic that carries ``name``, perhaps below a namespace; of several the one with most messages."""
    wanted = DECODERS[name][0]
    matching = [
        topic
        for topic, found in topics.items()
        if (topic == name or topic.endswith(f"/{name}")) and found.kind == wanted
    ]
    return max(matching, key=lambda topic: topics[topic].count, default=None)


def _kind(recording: Recording, topics: dict[str, TopicSurvey], names: dict[str, str]) -> Kind:
    for kind, needed in NEEDED.items():
        if all(name in names for name in needed):
            return kind
    if not topics:
        damage = "; ".join(recording.problems) or "it is empty"
        raise BagError(f"{recording.path} holds no message that can be read: {damage}")
    missing = [
        f"{' and '.join(name for name in needed if name not in names)} ({purpose})"
        for (needed, purpose) in (
            (NEEDED["graph"], "what the networks were given"),
            (NEEDED["sensors"], "to rebuild it from the sensors"),
        )
    ]
    found = ", ".join(f"{name} [{topic.kind}]" for name, topic in sorted(topics.items()))
    raise BagError(
        f"{recording.path} holds no walk: missing are {', or '.join(missing)}. Found: {found}. "
        "Record with 'wmp record'"
    )
