"""Which topics of a bag belong together: one robot and one camera, each from one namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from wmp_replay.bag.records import DECODERS
from wmp_replay.bag.survey import TopicSurvey
from wmp_replay.errors import BagError

#: ``graph``: the bag holds the networks' inputs; ``sensors``: they are rebuilt from camera, joints and IMU.
Kind = Literal["graph", "sensors"]

GRAPH = ("wmp/policy_step", "wmp/depth")
ROBOT, CAMERA = ("joint_states", "imu/data"), ("depth/image_rect_raw", "depth/camera_info")
#: Used where they lie beside the needed topics.
GRAPH_EXTRAS, ROBOT_EXTRAS = (
    ("wmp/latent", *ROBOT, "joint_commands", "cmd_vel"),
    ("joint_commands", "cmd_vel"),
)
#: Namespace of the camera in the graph; preferred among several.
USUAL_CAMERA = "camera/"

#: Topic in the graph -> topic in the bag.
Names = dict[str, str]


@dataclass(frozen=True)
class Choice:
    """The topics to read a walk from, and what the user must know about them, one sentence each."""

    kind: Kind
    names: Names
    notes: list[str]


def choose_topics(
    topics: Mapping[str, TopicSurvey], namespace: str | None = None, camera: str | None = None
) -> Choice | None:
    """The topics of one robot and one camera; None if no set is complete.

    Args:
        namespace: of the robot, as the user names it; None: the only one.
        camera: namespace of the camera; None: the only one, else that of the robot or the usual one.

    Raises:
        BagError: several robots, or none in ``namespace``; lists them.
    """
    robot = _prefix(namespace)
    graphs = _sets(topics, GRAPH)
    if graphs:
        prefix = _one_robot(graphs, robot, GRAPH)
        names = {**graphs[prefix], **_beside(topics, prefix, GRAPH_EXTRAS)}
        return Choice("graph", names, _others("robot", prefix, graphs, "--namespace"))
    robots, cameras = _sets(topics, ROBOT), _sets(topics, CAMERA)
    if not robots or not cameras:
        return None
    prefix = _one_robot(robots, robot, ROBOT)
    place = _camera(topics, cameras, prefix, _prefix(camera))
    names = {**robots[prefix], **cameras[place], **_beside(topics, prefix, ROBOT_EXTRAS)}
    notes = _others("robot", prefix, robots, "--namespace") + _others(
        "camera", place, cameras, "--camera", names[CAMERA[0]]
    )
    return Choice("sensors", names, notes)


def is_in(name: str, topics: Mapping[str, TopicSurvey]) -> bool:
    """Whether the bag holds a topic called ``name``, in whatever namespace."""
    return bool(_candidates(topics, name))


def _sets(topics: Mapping[str, TopicSurvey], needed: Iterable[str]) -> dict[str, Names]:
    """Namespace -> topics, for every namespace that holds all that are ``needed``.

    If none does, topics of different namespaces form a set where each exists once: drivers of camera, joints
    and IMU may have one each.
    """
    found = {name: _candidates(topics, name) for name in needed}
    common = set.intersection(*(set(each) for each in found.values()))
    if common:
        return {prefix: {name: found[name][prefix] for name in found} for prefix in sorted(common)}
    if all(len(each) == 1 for each in found.values()):
        names = {name: next(iter(each.values())) for name, each in found.items()}
        return {next(iter(next(iter(found.values())))): names}
    return {}


def _candidates(topics: Mapping[str, TopicSurvey], name: str) -> Names:
    """Namespace, with its trailing slash -> topic called ``name`` there."""
    kind = DECODERS[name].kind
    return {
        topic[: len(topic) - len(name)]: topic
        for topic, found in topics.items()
        if found.kind == kind and (topic == name or topic.endswith(f"/{name}"))
    }


def _beside(topics: Mapping[str, TopicSurvey], prefix: str, extras: Iterable[str]) -> Names:
    """The ``extras`` in the robot's namespace, or the only one that cannot be another robot's."""
    names = {}
    for name in extras:
        found = _candidates(topics, name)
        related = [place for place in found if place.startswith(prefix) or prefix.startswith(place)]
        if prefix in found:
            names[name] = found[prefix]
        elif len(found) == 1 and related:
            names[name] = found[related[0]]
    return names


def _one_robot(sets: Mapping[str, Names], wanted: str | None, needed: Iterable[str]) -> str:
    if wanted is not None:
        if wanted in sets:
            return wanted
        raise BagError(
            f"--namespace /{wanted.rstrip('/')} holds no {' and '.join(needed)}; the bag has {_listed(sets)}"
        )
    if len(sets) > 1:
        raise BagError(f"the bag holds several robots: {_listed(sets)}; choose one with --namespace")
    return next(iter(sets))


def _camera(
    topics: Mapping[str, TopicSurvey], cameras: Mapping[str, Names], robot: str, wanted: str | None
) -> str:
    if wanted is not None:
        chosen = [place for place in cameras if place == wanted]
        if not chosen:
            raise BagError(
                f"--camera /{wanted.rstrip('/')} holds no {' and '.join(CAMERA)}; the bag has "
                f"{_listed(cameras)}"
            )
        return chosen[0]

    def order(place: str) -> tuple[bool, bool, int, str]:
        usable = min(topics[topic].count for topic in cameras[place].values())
        return (not place.startswith(robot), not place.endswith(USUAL_CAMERA), -usable, place)

    return min(cameras, key=order)


def _others(what: str, taken: str, sets: Mapping[str, Names], option: str, topic: str = "") -> list[str]:
    others = [place for place in sets if place != taken]
    if not others:
        return []
    named = f"{what} {_shown(taken)}" + (f" ({topic})" if topic else "")
    return [f"{named} is used; the bag also holds {_listed(others)}: choose with {option}"]


def _prefix(namespace: str | None) -> str | None:
    """A namespace as prefix of topics: ``a1/`` for ``/a1``, empty for the root."""
    if namespace is None:
        return None
    return f"{namespace.strip('/')}/" if namespace.strip("/") else ""


def _shown(prefix: str) -> str:
    return f"/{prefix.rstrip('/')}"


def _listed(prefixes: Iterable[str]) -> str:
    return ", ".join(map(_shown, sorted(prefixes)))
