"""One controller per robot and machine."""

from __future__ import annotations

import socket

from wmp_core.a1.robot_link import LinkError


def lock_robot(host: str, port: int) -> socket.socket:
    """Lock the robot at ``host:port`` for this process; closing what is returned gives it back.

    Two controllers that fight over one joint shake it until something gives, whatever their own ports.

    The lock is a name in Linux's abstract socket namespace, which ends with the process, however that ends.

    Raises:
        LinkError: another program of this machine has locked the robot.
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
