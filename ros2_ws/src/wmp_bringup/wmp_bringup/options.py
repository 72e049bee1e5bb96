"""Options that override the parameter file: one list for ``wmp`` and for ``ros2 launch``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wmp_bringup.parameters import Value, node_parameters
from wmp_core.choices import suggestion

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclass(frozen=True)
class Option:
    """An option that overrides parameters.

    Attributes:
        sets: ``node/parameter`` of each parameter that it sets; ``*`` stands for every node.
        choices: allowed values; empty if any value of ``type`` is allowed.
        unit: shown in the help; empty if there is none.
    """

    name: str
    type: type
    help: str
    sets: tuple[str, ...]
    choices: tuple[str, ...] = ()
    unit: str = ""

    def parse(self, text: str) -> Value:
        """The value of ``text``, from the command line or a launch argument.

        Raises:
            ValueError: ``text`` is not a value of this option.
        """
        if self.type is bool:
            if text.lower() not in _TRUE + _FALSE:
                raise ValueError(f"{self.name} is {text!r}, expected true or false")
            return text.lower() in _TRUE
        try:
            return self.check(self.type(text))
        except ValueError as error:
            raise ValueError(f"{self.name} is {text!r}, expected {self._expected()}") from error

    def check(self, value: Value) -> Value:
        """``value`` as the parameter's type: ROS rejects an int where a float is declared.

        Raises:
            ValueError: it has another type or is none of the choices.
        """
        if self.type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.type or (self.choices and value not in self.choices):
            raise ValueError(f"{self.name} is {value!r}, expected {self._expected()}")
        return value

    def default(self, parameter_file: Path) -> Value | None:
        """The file's value, which holds when the option is not given; None if the file has none."""
        node, parameter = self.sets[0].split("/", 1)
        return node_parameters(parameter_file, node).get(parameter)

    def _expected(self) -> str:
        if self.choices:
            return " or ".join(self.choices)
        return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[self.type]


#: Nodes that read the bundle; the simulated robot needs its limits to check commands against them.
BUNDLE_READERS = ("depth_node", "world_model_node", "policy_node", "a1_sim", "recorder", "flight_recorder")

_COMMON = (
    Option(
        "bundle",
        str,
        "folder of the bundle, or its name under models/ (default: $WMP_BUNDLE, else models/a1_wmp_v1)",
        tuple(f"{node}/bundle" for node in BUNDLE_READERS),
    ),
    Option(
        "trusted_keys",
        str,
        "file with public keys; if given, only bundles signed by one of them run",
        ("policy_node/trusted_keys", "world_model_node/trusted_keys"),
    ),
    Option(
        "pd",
        str,
        "where joint targets become torques: in the control loop (host) or in the motors (motor)",
        ("policy_node/pd",),
        choices=("host", "motor"),
    ),
    Option(
        "operator",
        str,
        "source of commands: services and cmd_vel (ros), the A1's remote control (remote), a joystick on "
        "sensor_msgs/Joy (joy), or a script that stands up, walks and sits down (script)",
        ("policy_node/operator",),
        choices=("ros", "remote", "joy", "script"),
    ),
)
_MOTION = (
    Option("vx", float, "commanded forward speed", ("policy_node/script.vx",), unit="m/s"),
    Option(
        "vy", float, "commanded sideways speed, positive to the left", ("policy_node/script.vy",), unit="m/s"
    ),
    Option(
        "yaw", float, "commanded yaw rate, positive to the left", ("policy_node/script.yaw",), unit="rad/s"
    ),
    Option(
        "heading_gain",
        float,
        "gain of the heading controller, which holds the initial heading while yaw is 0: yaw rate per rad of "
        "error; 0 switches it off",
        ("policy_node/script.heading_gain",),
        unit="1/s",
    ),
    Option(
        "duration",
        float,
        "walking time after standing up; 0 walks until stopped",
        ("policy_node/script.walk_seconds",),
        unit="s",
    ),
)
_SIMULATION = (
    Option(
        "terrain",
        str,
        "flat, rough, slope, stairs_up, stairs_down, gap, climb, crawl, tilt or course",
        ("a1_sim/terrain",),
    ),
    Option("difficulty", float, "0 (easiest) to 1 (hardest)", ("a1_sim/difficulty",)),
    Option("seed", int, "seed of terrain, noise and robot variation", ("a1_sim/seed",)),
    Option("depth_noise", bool, "apply the D435i noise model to the depth images", ("a1_sim/depth_noise",)),
    Option(
        "lockstep",
        bool,
        "simulated time: the robot waits for every command, so a run repeats bit for bit",
        ("*/lockstep",),
    ),
    Option("faults", str, "faults to inject: KIND@T[:DURATION] ..., see wmp sim --help", ("a1_sim/faults",)),
    Option(
        "fault_seconds",
        float,
        "time for which the script keeps damping a robot in FAULT",
        ("policy_node/script.fault_seconds",),
        unit="s",
    ),
    Option("robot_port", int, "UDP port of the simulated robot", ("a1_sim/port", "policy_node/robot.port")),
    Option(
        "listeners",
        str,
        "nodes that must subscribe to wmp/policy_step before the robot walks, separated by spaces",
        ("policy_node/policy_step_listeners",),
    ),
)
_ROBOT = (
    Option("dry_run", bool, "compute everything, send nothing to the motors", ("policy_node/dry_run",)),
    Option(
        "preflight",
        str,
        "checks before any torque: required, or ignored at your own risk",
        ("policy_node/preflight",),
        choices=("required", "ignored"),
    ),
    Option(
        "preflight_wait",
        float,
        "time for which the preflight checks wait for a robot that is still switched off",
        ("policy_node/preflight_wait",),
        unit="s",
    ),
    Option("robot_address", str, "IP address of the A1's motor controller", ("policy_node/robot.address",)),
    Option("robot_port", int, "UDP port of the A1's motor controller", ("policy_node/robot.port",)),
    Option(
        "camera",
        str,
        "source of depth images: a RealSense on USB (device) or a running camera driver (topic)",
        ("depth_node/source",),
        choices=("device", "topic"),
    ),
    Option(
        "camera_topics",
        str,
        "prefix of image_rect_raw and camera_info for camera:=topic: /camera/camera/depth for the present "
        "RealSense driver, /camera/depth for older ones",
        ("depth_node/topics",),
    ),
    Option(
        "camera_file",
        str,
        "recording of librealsense (.bag, .db3) that is played through camera:=device instead of a camera",
        ("depth_node/camera.file",),
    ),
)

#: Mode of the graph -> its options.
OPTIONS = {"sim": _COMMON + _MOTION + _SIMULATION, "real": _COMMON + _ROBOT}
#: Arguments of the launch files besides the options.
LAUNCH_ARGUMENTS = ("namespace", "params_file", "record", "flights")
#: Similarity (0 to 1) from which an unknown launch argument counts as a misspelt one of ours.
_MISSPELT = 0.8


def option(mode: str, name: str) -> Option:
    """The option called ``name``; raises ``ValueError`` with the known names if there is none."""
    for candidate in OPTIONS[mode]:
        if candidate.name == name:
            return candidate
    known = [candidate.name for candidate in OPTIONS[mode]]
    raise ValueError(f"no option {name!r} for {mode}; there are {known}{suggestion(name, known)}")


def check_launch_arguments(mode: str, given: Iterable[str]) -> None:
    """Refuse a misspelt launch argument, which ``ros2 launch`` ignores silently.

    A name that resembles none of ours passes: it may belong to a launch file that includes this one.

    Raises:
        ValueError: a name is unknown and close to an argument of ``mode``.
    """
    known = [*(each.name for each in OPTIONS[mode]), *LAUNCH_ARGUMENTS]
    for name in given:
        close = difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT)
        if close and name not in known:
            raise ValueError(f"no launch argument {name!r}; did you mean {close[0]!r}?")
