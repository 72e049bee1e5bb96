"""The control thread: preflight, then the control loop, and detection of a hang."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Callable, List, Optional, Union

from wmp_controller.control_loop import ControlError, ControlLoop
from wmp_controller.cycle_report import ControlEvents
from wmp_controller.hang_detector import HangDetector
from wmp_controller.mailbox import Outbox
from wmp_controller.preflight import Preflight
from wmp_core.a1.link import A1Link, LinkError
from wmp_core.a1.sdk_link import SdkLink
from wmp_core.bundle import Bundle
from wmp_core.control.modes import Mode
from wmp_core.doctor.bundle import check_inference
from wmp_core.doctor.check import Check
from wmp_core.doctor.robot import examine_robot, no_states
from wmp_core.realtime import scheduling
from wmp_core.realtime.scheduling import RealtimeSettings

_log = logging.getLogger("policy_node")

#: Interval between two checks of the control thread [s].
CHECK_PERIOD = 0.1
#: Checks without a new cycle that are tolerated: 0.5 s, the time in which a walking robot falls.
_MAX_STALLED_CHECKS = 5


class ControlThread:
    """Runs the preflight and the loop in a thread of its own.

    Attributes:
        error: why the thread failed; None while it has not.

    Args:
        loop: runs after the preflight.
        link: to the robot; the thread opens and closes it.
        preflight: receives the checks, unless it wants none.
        bundle: its inference is checked in the preflight.
        realtime: scheduling of the thread and its process.
        outbox: receives the event of a hang.
        clock: time of the event's stamp [s].
    """

    def __init__(
        self,
        loop: ControlLoop,
        link: Union[A1Link, SdkLink],
        preflight: Preflight,
        bundle: Bundle,
        realtime: RealtimeSettings,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._loop, self._link = loop, link
        self._preflight, self._bundle = preflight, bundle
        self._realtime = realtime
        self._outbox, self._clock = outbox, clock
        self._hang_detector = HangDetector(_MAX_STALLED_CHECKS)
        self._thread = threading.Thread(target=self._run, name="control")
        self.error: Optional[str] = None

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Stop the loop, which damps the robot, and wait for the thread."""
        self._loop.stop()
        while self._thread.is_alive():
            self._thread.join(CHECK_PERIOD)
            self.kill_process_if_hung()

    def kill_process_if_hung(self) -> None:
        """Kill the process if the thread hangs, so that the launcher damps the robot.

        Call it every :data:`CHECK_PERIOD`.
        """
        if not self._hang_detector.update(self._loop.heartbeat):
            return
        line = "the control thread hangs: policy_node kills itself, and its launcher damps the robot"
        # Not logged in this thread: a blocked terminal may be the cause of the hang.
        self._outbox.put(ControlEvents(self._clock(), Mode.FAULT, (line,)))
        time.sleep(CHECK_PERIOD)
        os.kill(os.getpid(), signal.SIGKILL)

    def _run(self) -> None:
        try:
            scheduling.apply(self._realtime, whole_process=True)
            with self._link:
                if self._preflight.is_wanted:
                    self._preflight.finish(self._examine())
                    self._loop.refuse_pending("the preflight was in progress; ask again")
                self._loop.run()
        except (ControlError, LinkError) as error:
            self.error = str(error)
        except Exception:
            self.error = "the control thread failed"
            _log.exception("the control thread failed; the robot is left in damping")

    def _examine(self) -> List[Check]:
        """Check the robot first: most faults are there. It receives damping only."""
        wait_s = self._preflight.wait_s
        if not self._loop.wait_for_robot(wait_s):
            return [] if self._loop.is_stopped else [no_states(0, wait_s)]
        return [*examine_robot(self._link, self._bundle.contract), *check_inference(self._bundle)]
