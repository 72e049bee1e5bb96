"""The robot lock: one controller per robot on a machine."""

from __future__ import annotations

import socket

from wmp_core.a1.robot_link import LinkError


def lock_robot(host: str, port: int) -> socket.socket:
    """Lock the robot at ``host:port`` for this process; closing the returned socket releases it.

    Two controllers that command the same joint make it oscillate until something breaks.

    The lock is a name in Linux's abstract socket namespace, which the kernel removes when the process ends,
    however it ends.

    Raises:
        LinkError: another program on this machine has locked the robot.
    """
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"wmp_a1_{host}:{port}"
    try:
        lock.bind(f"\0{name}")
    except OSError as error:
        lock.close()
        raise LinkError(
            f"another program on this machine controls the robot at {host}:{port}; stop it "
            f"(`ss -xlp | grep {name}` names it)"
        ) from error
    return lock
