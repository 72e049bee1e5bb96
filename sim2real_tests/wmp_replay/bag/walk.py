"""A recorded walk: the content of the bag, and its world-model steps one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rosbags.serde import SerdeError

from wmp_core.contract import Contract
from wmp_recording.storage.recording import Recording, open_recording, run_info
from wmp_replay.bag.assembler import StepAssembler
from wmp_replay.bag.left_out import LeftOut
from wmp_replay.bag.motor_mode import MotorMode
from wmp_replay.bag.namespaces import (
    CAMERA,
    GRAPH,
    ROBOT,
    ROBOT_EXTRAS,
    Choice,
    Kind,
    choose_topics,
    is_in,
)
from wmp_replay.bag.rebuild import Rebuilder
from wmp_replay.bag.records import DECODERS, Record, UnusableMessageError
from wmp_replay.bag.step import WorldModelStep
from wmp_replay.bag.survey import Survey, TopicSurvey
from wmp_replay.bag.types import check_fields, typestore
from wmp_replay.errors import BagError

#: Topics whose messages a walk is made of, besides the needed ones.
USED: dict[Kind, tuple[str, ...]] = {
    "graph": (*GRAPH, "wmp/latent", *ROBOT),
    "sensors": (*ROBOT, *CAMERA, *ROBOT_EXTRAS),
}
#: Readings per control period that a rebuilt step needs at least.
DENSITY = 0.8


@dataclass
class Walk:
    """A recording that can be replayed; each call of :meth:`steps` reads it from disk again.

    Attributes:
        topics: name in the bag -> counts, rates and gaps.
        names: name in the graph -> name in the bag, for the topics that are used.
        run_info: the recorder's notes on the run (bundle, options); empty for other recorders.
        is_dry_run: the motors damped whatever was commanded; None if the bag does not say.
        notes: what the user must know about the topics, one sentence each.
        dropped_steps, duplicate_steps, left_out: counted by the last complete :meth:`steps`.
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
    notes: list[str] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def problems(self) -> list[str]:
        """What is wrong with the files, one sentence each; empty for a whole recording."""
        return self.recording.problems

    @property
    def is_partial(self) -> bool:
        """Whether a part of the recording is missing or unreadable."""
        return self.recording.is_partial

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
        topic = self.topics[self.names["wmp/policy_step" if self.kind == "graph" else "joint_states"]]
        return topic.last - topic.first

    def steps(
        self, contract: Contract, progress: Callable[[float], None] | None = None
    ) -> Iterator[WorldModelStep]:
        """World-model steps in order; memory does not grow with the length of the walk.

        Args:
            contract: contract of the bundle that the walk is replayed with.
            progress: called with the share of messages read, 0..1.
        """
        self.left_out = LeftOut()
        self._check_rates(contract)
        assembler = StepAssembler(contract, self.left_out)
        for record in self._inputs(contract, progress):
            yield from assembler.feed(record)
        yield from assembler.finish()
        assembler.check_sizes()
        self.dropped_steps, self.duplicate_steps = assembler.dropped, assembler.duplicates

    def _check_rates(self, contract: Contract) -> None:
        if self.kind != "sensors":
            return
        wanted = 1.0 / contract.timing.control_period
        for name in ROBOT:
            topic = self.topics[self.names[name]]
            if topic.rate < DENSITY * wanted:
                raise BagError(
                    f"{self.names[name]} comes at {topic.rate:.0f} Hz, the contract needs {wanted:.0f} Hz: "
                    "observations and actions cannot be rebuilt from it"
                )

    def _inputs(self, contract: Contract, progress: Callable[[float], None] | None) -> Iterator[Record]:
        """Inputs of the networks, recorded or rebuilt."""
        if self.kind == "graph":
            yield from self._records(progress)
            return
        rebuilder = Rebuilder(contract, self.left_out, self.is_dry_run is True)
        for record in self._records(progress):
            yield from rebuilder.feed(record)
        yield from rebuilder.finish()

    def _records(self, progress: Callable[[float], None] | None) -> Iterator[Record]:
        store = typestore(self.recording.definitions)
        names = {self.names[name]: name for name in USED[self.kind] if name in self.names}
        for topic, name in names.items():
            check_fields(store, topic, DECODERS[name].kind, DECODERS[name].fields)
        total = sum(topic.count for topic in self.topics.values())
        for number, (topic, kind, stamp_ns, data) in enumerate(self.recording.messages()):
            if progress is not None and number % 512 == 0:
                progress(number / total)
            if topic not in names or DECODERS[names[topic]].kind != kind:
                continue
            try:
                record = DECODERS[names[topic]].decode(store.deserialize_cdr(data, kind), 1e-9 * stamp_ns)
            except UnusableMessageError as reason:
                self.left_out.add(names[topic], str(reason))
            except (SerdeError, ValueError, IndexError, AssertionError):
                self.left_out.add(names[topic], f"are damaged: their bytes are no {kind}")
            else:
                yield record


def load_bag(path: str | Path, namespace: str | None = None, camera: str | None = None) -> Walk:
    """Survey a rosbag2 recording (sqlite3 or MCAP, of any recorder, whole or damaged).

    Args:
        namespace, camera: which robot and which camera, see
            :func:`~wmp_replay.bag.namespaces.choose_topics`.

    Raises:
        BagError: there is no recording, or it holds no walk; the message lists the missing topics.
    """
    recording = open_recording(Path(path))
    info = run_info(recording)
    survey, motors = Survey(), MotorMode(info)
    for message in recording.messages():
        survey.add(message)
        motors.add(message)
    choice = choose_topics(survey.topics, namespace, camera)
    if choice is None:
        raise _no_walk(recording, survey.topics)
    notes = [*choice.notes, *_clock_notes(choice, survey.topics)]
    walk = Walk(Path(path), choice.kind, survey.topics, choice.names, info, recording, motors.is_dry_run)
    walk.notes = notes
    return walk


def _clock_notes(choice: Choice, topics: dict[str, TopicSurvey]) -> list[str]:
    """A sentence per topic whose stamps are of another time than those of the robot."""
    first = choice.names["wmp/policy_step" if choice.kind == "graph" else "joint_states"]
    robot = topics[first]
    return [
        f"{name} is stamped {found.first:.1f} to {found.last:.1f} s, {first} {robot.first:.1f} to "
        f"{robot.last:.1f} s: they share no clock, or the driver sets no stamps"
        for name in choice.names.values()
        if (found := topics[name]).count > 1
        and found.has_stamps
        and (found.last < robot.first or found.first > robot.last)
    ]


def _no_walk(recording: Recording, topics: dict[str, TopicSurvey]) -> BagError:
    if not topics:
        damage = "; ".join(recording.problems) or "it is empty"
        return BagError(f"{recording.path} holds no readable message: {damage}")
    missing = [
        f"{' and '.join(name for name in needed if not is_in(name, topics)) or 'one namespace with all'} "
        f"({purpose})"
        for needed, purpose in (
            (GRAPH, "inputs of the networks"),
            ((*CAMERA, *ROBOT), "to rebuild them from the sensors"),
        )
    ]
    found = ", ".join(f"{name} [{topic.kind}]" for name, topic in sorted(topics.items()))
    return BagError(
        f"{recording.path} holds no walk: it lacks {', or '.join(missing)}. Found: {found}. "
        "Record with 'wmp record'"
    )
