"""The control thread: preflight, then the control loop. Other threads stop it and detect that it hangs."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Callable, List, Optional, Union

from wmp_controller.control_loop import ControlError, ControlEvents, ControlLoop
from wmp_controller.hang_detector import HangDetector
from wmp_controller.mailbox import Outbox
from wmp_controller.preflight import Preflight
from wmp_core.a1.link import A1Link, LinkError
from wmp_core.a1.sdk_link import SdkLink
from wmp_core.bundle import Bundle
from wmp_core.control.modes import Mode
from wmp_core.doctor.bundle import check_inference
from wmp_core.doctor.check import Check
from wmp_core.doctor.robot import check_robot, silence
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import RealtimeSettings

_log = logging.getLogger("policy_node")

#: Interval at which the thread is polled [s].
POLL_PERIOD = 0.1
#: Polls without a cycle of the loop in between: 0.5 s, within which a walking robot has fallen.
_HANG_POLLS = 5


class ControlThread:
    """Runs ``loop`` in a thread of its own, after the preflight if there is one.

    Args:
        outbox: receives the event of a hanging thread.
        clock: time of the robot states' stamps [s].
    """

    def __init__(
        self,
        link: Union[A1Link, SdkLink],
        loop: ControlLoop,
        preflight: Preflight,
        bundle: Bundle,
        outbox: Outbox,
        realtime: RealtimeSettings,
        clock: Callable[[], float],
    ) -> None:
        self._link, self._loop, self._preflight = link, loop, preflight
        self._bundle, self._outbox, self._realtime, self._clock = bundle, outbox, realtime, clock
        self._hang_detector = HangDetector(_HANG_POLLS)
        self._thread = threading.Thread(target=self._run, name="control")
        #: Why the thread failed; None if it did not.
        self.error: Optional[str] = None

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the loop and the thread, with the robot damped; a hanging thread ends the process instead."""
        self._loop.stop()
        while self._thread.is_alive():
            self._thread.join(POLL_PERIOD)
            self.kill_process_if_hung()

    def kill_process_if_hung(self) -> None:
        """Kill this process if the thread hangs: its launcher then damps the robot. Call it periodically."""
        if not self._hang_detector.has_hung(self._loop.heartbeat):
            return
        line = "the control thread hangs: policy_node kills itself, and its launcher damps the robot"
        # Logged by the publisher thread: a blocked terminal may be what hangs.
        self._outbox.put(ControlEvents(self._clock(), Mode.FAULT, (line,)))
        time.sleep(POLL_PERIOD)
        os.kill(os.getpid(), signal.SIGKILL)

    def _run(self) -> None:
        try:
            scheduling.apply(self._realtime, whole_process=True)
            with self._link:
                if self._preflight.is_enabled:
                    self._preflight.set_result(self._examine())
                    self._loop.refuse_pending_requests("the preflight was running; try again")
                self._loop.run()
        except (ControlError, LinkError) as error:
            self.error = str(error)
        except Exception:
            self.error = "the control thread failed"
            _log.exception("the control thread failed; the robot is left in damping")

    def _examine(self) -> List[Check]:
        """Check the robot first: most problems are there. It receives only damping."""
        wait_s = self._preflight.wait_s
        if not self._loop.wait_for_robot(wait_s):
            return [] if self._loop.is_stopped else [silence(0, wait_s)]
        return [*check_robot(self._link, self._bundle.contract), *check_inference(self._bundle)]
