"""A node's life: created, served until a signal asks for its end, destroyed, and only then ROS shut down."""

from __future__ import annotations

import faulthandler
import logging
import signal
import threading
from typing import Callable, Optional, Tuple, Type, TypeVar

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from wmp_core.realtime import scheduling
from wmp_ros.launcher import end_with_launcher
from wmp_ros.parameters import declare_realtime

#: s that the end of a node may take: longer than a launcher waits before it kills.
LONGEST_END_S = 10.0
_STDERR = 2

NodeT = TypeVar("NodeT", bound=Node)

#: Ctrl-C, a launcher's request, and a terminal that is closed.
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def spin(node: Node, stop: threading.Event) -> None:
    """Serve the node's callbacks until ``stop`` is set."""
    spin_while(node, lambda: not stop.is_set())


def spin_while(node: Node, condition: Callable[[], bool]) -> None:
    """Serve the node's callbacks as long as ``condition`` holds; it is looked at every 0.1 s."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while condition():
        executor.spin_once(timeout_sec=0.1)


def spin_on_time(node: Node, stop: threading.Event) -> None:
    """Serve as :func:`spin` does, this thread and its process with what parameters ``realtime.*`` ask for.

    Raises:
        ValueError: one of them is out of its range.
    """
    scheduling.apply(declare_realtime(node), whole_process=True)
    spin(node, stop)


def run_node(
    create: Callable[[], NodeT],
    errors: Tuple[Type[BaseException], ...],
    serve: Callable[[NodeT, threading.Event], None] = spin,
) -> int:
    """Create a node, ``serve(node, stop)`` it in the main thread, and return the exit code.

    ``stop`` is set by a signal; ``serve`` then comes to its end by itself. ``errors`` are those a user can
    act on: they end the process with their message instead of a traceback, and exit code 1. So does an end
    that takes longer than :data:`LONGEST_END_S`, with the traceback of every thread.
    """
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s")
    # rclpy's own handlers would take ROS away under a callback that is about to publish, and before a
    # controller has damped its robot and said so.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stop = threading.Event()
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    end_with_launcher()
    node: Optional[NodeT] = None
    try:
        node = create()
        serve(node, stop)
    except errors as error:
        logging.getLogger("wmp_ros" if node is None else node.get_name()).critical("%s", error)
        return 1
    finally:
        # Fast DDS can deadlock as it gives a participant up while others are discovered (seen with 2.14). It
        # does so in a loop that holds the GIL, where no Python thread could end the process any more, and
        # with the priority of a real-time node. This is a thread of C.
        faulthandler.dump_traceback_later(LONGEST_END_S, exit=True, file=_STDERR)
        if node is not None:
            # An executor that outlives ROS cannot give back what it holds, and says so with a traceback.
            if node.executor is not None:
                node.executor.shutdown()
            node.destroy_node()
        rclpy.try_shutdown()
        faulthandler.cancel_dump_traceback_later()
    return 0
