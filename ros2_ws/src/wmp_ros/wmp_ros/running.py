"""Runs a node: create it, serve it until a signal, destroy it, and only then shut down ROS."""

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

#: Longest shutdown of a node [s]; longer than a launcher waits before it kills the process.
MAX_SHUTDOWN_S = 10.0
_STDERR = 2

NodeT = TypeVar("NodeT", bound=Node)

#: Sent by Ctrl-C, a launcher, and a closing terminal.
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def spin(node: Node, stop: threading.Event) -> None:
    """Serve the node's callbacks until ``stop`` is set."""
    spin_while(node, lambda: not stop.is_set())


def spin_while(node: Node, condition: Callable[[], bool]) -> None:
    """Serve the node's callbacks while ``condition`` holds; it is checked at least every 0.1 s."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while condition():
        executor.spin_once(timeout_sec=0.1)


def spin_realtime(node: Node, stop: threading.Event) -> None:
    """Serve as :func:`spin` does, with the scheduling that the parameters ``realtime.*`` request.

    Raises:
        ValueError: a value is out of range.
    """
    scheduling.apply(declare_realtime(node), whole_process=True)
    spin(node, stop)


def run_node(
    create: Callable[[], NodeT],
    errors: Tuple[Type[BaseException], ...],
    serve: Callable[[NodeT, threading.Event], None] = spin,
) -> int:
    """Create a node, ``serve(node, stop)`` it in the main thread, and return the exit code.

    Args:
        create: builds the node.
        errors: errors that a user can fix: they end the process with their message instead of a traceback,
            and with exit code 1.
        serve: returns once ``stop`` is set, which a signal does.

    A shutdown longer than :data:`MAX_SHUTDOWN_S` ends the process with exit code 1 and the traceback of every
    thread.
    """
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s")
    # rclpy's own handlers would shut ROS down while a callback is about to publish, and before a controller
    # has damped its robot and reported it.
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
        # Fast DDS can deadlock when it removes a participant while it discovers others (seen with 2.14). It
        # then loops while holding the GIL, at the priority of a real-time node, and no Python thread can end
        # the process. faulthandler's watchdog is a C thread.
        faulthandler.dump_traceback_later(MAX_SHUTDOWN_S, exit=True, file=_STDERR)
        if node is not None:
            # An executor that outlives ROS cannot release its resources and prints a traceback.
            if node.executor is not None:
                node.executor.shutdown()
            node.destroy_node()
        rclpy.try_shutdown()
        faulthandler.cancel_dump_traceback_later()
    return 0
