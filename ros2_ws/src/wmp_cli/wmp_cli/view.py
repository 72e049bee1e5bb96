"""``wmp view``: the cockpit of a running graph, or of a recorded walk."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import webbrowser
from pathlib import Path

from wmp_bringup.graph import checked_namespace
from wmp_bringup.isolation import free_tcp_port
from wmp_cli.command import UsageError
from wmp_cli.options import (
    add_bundle_option,
    add_domain_option,
    add_overwrite_option,
    bundle_folder,
    use_domain,
)
from wmp_cli.output import check_file

EXAMPLES = """examples:
  wmp view                             the graph in this ROS domain: simulation, robot, or wmp play
  wmp view --domain-id 7 --drive       drive it as well, from the page
  wmp view bags/stairs                 scrub through a recorded walk
  wmp view bags/stairs --html walk.html
                                       one file that plays from disk, for an issue or a colleague
  wmp view --urdf a1.urdf              the robot for RViz and Foxglove
  wmp view --host 0.0.0.0 --port 8080  for a phone in the same network

Whoever has the printed address may look at the robot and stop it, and with --drive also drive it. One page
drives at a time. STOP (the space bar) damps the joints at once, so a standing robot sinks to the ground.
policy_node must run with operator:=ros to be driven, and nothing else may publish cmd_vel.

exit code: 0 viewed or written; 1 the graph's viewer failed; 2 wrong arguments"""


class ViewCommand:
    """The subcommand ``wmp view``."""

    help = "see and drive a robot in the browser, or replay a recorded walk there"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.description = "Shows a robot, what it sees and what its world model predicts, in the browser."
        parser.epilog = EXAMPLES
        parser.add_argument("bag", type=Path, nargs="?", help="rosbag2 folder, or a .mcap or .db3 file")
        parser.add_argument(
            "--html", type=Path, metavar="FILE", help="write the walk as one self-contained page"
        )
        parser.add_argument(
            "--urdf", type=Path, metavar="FILE", help="write the robot as URDF, for RViz and Foxglove"
        )
        add_overwrite_option(parser, "the FILE of --html or --urdf")
        add_bundle_option(parser)
        parser.add_argument("--drive", action="store_true", help="let one page at a time drive the robot")
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="address to serve on (default: 127.0.0.1, this machine only; the page is not encrypted)",
        )
        parser.add_argument(
            "--port", type=int, default=0, metavar="N", help="TCP port, 0 to 65535 (default: 0, any free one)"
        )
        parser.add_argument("--no-open", action="store_true", help="only print the address, open no browser")
        parser.add_argument(
            "--namespace", default="", metavar="NAME", help="of the graph, such as a1 (default: none)"
        )
        add_domain_option(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """View until a signal, or write the page."""
        if not 0 <= arguments.port <= 65535:
            raise UsageError(f"--port is {arguments.port}, expected 0 to 65535")
        if arguments.bag is None and arguments.html is not None:
            raise UsageError("--html needs a BAG: the page holds a recorded walk")
        if arguments.bag is not None and arguments.drive:
            raise UsageError("--drive is for a running graph; a recorded walk cannot be driven")
        check_file("--html", arguments.html, arguments.overwrite)
        check_file("--urdf", arguments.urdf, arguments.overwrite)
        if arguments.urdf is not None:
            return _write_urdf(arguments.urdf)
        bundle = bundle_folder(arguments.bundle)
        if arguments.bag is None:
            return _view_graph(arguments, bundle)
        return _write(arguments, bundle) if arguments.html is not None else _view_bag(arguments, bundle)


def open_browser(address: str) -> None:
    """Open ``address`` on a desktop; do nothing on a machine without one."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)


def _view_graph(arguments: argparse.Namespace, bundle: Path) -> int:
    use_domain(arguments.domain_id)
    try:
        namespace = checked_namespace(arguments.namespace)
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    from wmp_viewer.access import new_token, page_address  # after the checks: --help needs no server

    if arguments.port == 0:
        try:
            arguments.port = free_tcp_port(arguments.host)
        except OSError as error:
            raise UsageError(f"--host {arguments.host}: {error}") from error
    token = new_token()
    os.environ["WMP_VIEW_TOKEN"] = token
    # The viewer is a node of the graph; it takes its parameters from the command line.
    parameters = {
        "bundle": bundle,
        "drive": str(arguments.drive).lower(),
        "host": arguments.host,
        "port": arguments.port,
    }
    sys.argv = ["viewer", "--ros-args"]
    for name, value in parameters.items():
        sys.argv += ["-p", f"{name}:={value}"]
    if namespace:
        sys.argv += ["-r", f"__ns:={namespace}"]
    from wmp_viewer import viewer  # after the domain is set

    if not arguments.no_open:
        threading.Timer(2.0, open_browser, [page_address(arguments.host, arguments.port, token)]).start()
    return viewer.main()


def _write(arguments: argparse.Namespace, bundle: Path) -> int:
    from wmp_viewer.page import single_file_page

    page = single_file_page(_items(arguments.bag, bundle))
    arguments.html.parent.mkdir(parents=True, exist_ok=True)
    arguments.html.write_text(page, encoding="utf-8")
    print(f"wrote {arguments.html} ({len(page) / 1e6:.1f} MB)")
    return 0


def _write_urdf(file: Path) -> int:
    from wmp_viewer.urdf import robot_urdf

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(robot_urdf(), encoding="utf-8")
    print(f"wrote {file}")
    return 0


def _view_bag(arguments: argparse.Namespace, bundle: Path) -> int:
    from wmp_viewer.access import Access, new_token, own_names, page_address
    from wmp_viewer.server import PageServer

    items = _items(arguments.bag, bundle)
    token = new_token()
    server = PageServer(
        Access(token, own_names(arguments.host)), lambda page, request: None, kept=float("inf")
    )
    try:
        server.start(arguments.host, arguments.port)
    except OSError as error:
        raise UsageError(f"cannot serve on {arguments.host}:{arguments.port}: {error}") from error
    for item in items:
        server.publish(item)
    address = page_address(arguments.host, server.port, token)
    print(f"cockpit: {address}  (Ctrl-C ends)", flush=True)
    if not arguments.no_open:
        open_browser(address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()
    return 0


def _items(bag: Path, folder: Path) -> list[dict]:
    """The items of a recorded walk.

    Raises:
        UsageError: the bag or the bundle cannot be read.
    """
    from wmp_core.bundle import Bundle
    from wmp_core.manifest import BundleError
    from wmp_viewer.recording import RecordingError, recorded_items

    try:
        return list(recorded_items(bag, Bundle.load_unverified(folder)))
    except (RecordingError, BundleError) as error:
        raise UsageError(str(error)) from error
