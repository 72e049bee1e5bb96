"""The control loop against a robot on UDP, with the real controller and networks, without ROS."""

import threading
import time

import numpy as np
import pytest

from wmp_controller.control_loop import ControlError, ControlLoop, LoopSettings
from wmp_controller.cycle_report import ControlEvents, CycleReport
from wmp_controller.mailbox import LatentMailbox, Outbox
from wmp_controller.operator import RosOperator, Script, ScriptedOperator
from wmp_core.a1.link import A1Link, A1LinkSettings
from wmp_core.control.controller import Controller
from wmp_core.control.modes import Mode, Request
from wmp_core.control.walking import Latent
from wmp_core.verification import load_verified


@pytest.fixture(scope="module")
def bundle(bundle_path):
    return load_verified(bundle_path)


class LatentSource:
    """Reads the outbox and answers every world-model interval with a latent, as world_model_node does.

    ``depth_m``: every pixel of the image [m]; ``silent_from``: first tick without a latent.
    """

    def __init__(self, bundle, outbox, mailbox, depth_m=1.0, silent_from=None):
        self._model = bundle.create_world_model()
        self._outbox, self._mailbox = outbox, mailbox
        self._depth = np.full((64, 64), depth_m, np.float32)
        self._silent_from = silent_from
        self.reports, self.events = [], []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self):
        self._outbox.close()
        self._thread.join()

    @property
    def actions(self):
        return np.array([report.step.action for report in self.reports if report.step is not None])

    @property
    def modes(self):
        return list(dict.fromkeys(report.mode for report in self.reports))

    def _run(self):
        actions = []
        while True:
            report = self._outbox.get()
            if report is None:
                return
            if isinstance(report, ControlEvents):
                self.events.append(report)
                continue
            assert isinstance(report, CycleReport)
            self.reports.append(report)
            if report.step is None:
                continue
            if report.step.tick % 5 == 0:
                self._model.observe(report.step.proprioception, self._depth)
            actions.append(report.step.action)
            if len(actions) == 5:
                tick, actions_done, actions = report.step.tick + 1, np.stack(actions), []
                latent = Latent(tick, self._model.advance(actions_done).h)
                if self._silent_from is None or tick < self._silent_from:
                    self._mailbox.put(latent)


def build(bundle, robot, operator=None, veto=lambda: None, **settings):
    """A loop with its operator, mailbox and outbox; by default in lockstep, with 0.3 s of walking."""
    settings = {"lockstep": True, "wait_for_graph": True, "ready_timeout": 0.3, **settings}
    controller = Controller(bundle.contract, bundle.create_policy(), bundle.create_world_model().reset().h)
    link = A1Link(
        A1LinkSettings("127.0.0.1", robot.port, local_port=0, stamp_from_tick=settings["lockstep"]),
        bundle.contract.joints.names,
    )
    operator = operator or ScriptedOperator(Script((0.5, 0.0, 0.0), walk_seconds=0.3, stand_seconds=0.1))
    mailbox, outbox = LatentMailbox(), Outbox(1000)
    loop = ControlLoop(
        link, controller, operator, mailbox, outbox, LoopSettings(**settings), veto, clock=time.time
    )
    return loop, operator, mailbox, outbox


def walk(bundle, robot, depth_m=1.0, **settings):
    loop, operator, mailbox, outbox = build(bundle, robot, **settings)
    source = LatentSource(bundle, outbox, mailbox, depth_m)
    loop.run()
    source.finish()
    return source, operator


def test_a_script_in_lockstep_passes_through_every_mode_and_ends_in_damping(bundle, robot):
    source, operator = walk(bundle, robot)
    assert operator.finished and operator.failure is None
    assert source.modes == [Mode.STAND_UP, Mode.STAND, Mode.WALK, Mode.SIT_DOWN]
    assert len(source.actions) in (22, 23, 24)  # 0.3 s of walking, 0.15 s of coming to rest, at 50 Hz
    assert robot.is_damped
    lines = [line for event in source.events for line in event.lines]
    assert lines[0] == "PASSIVE -> STAND_UP" and lines[-1] == "SIT_DOWN -> PASSIVE"
    assert all(earlier.stamp <= later.stamp for earlier, later in zip(source.events, source.events[1:]))


def test_every_latent_is_used_at_its_tick(bundle, robot):
    source, _ = walk(bundle, robot)
    steps = [report.step for report in source.reports if report.step is not None]
    assert [step.latent_tick for step in steps] == [step.tick - step.tick % 5 for step in steps]


def test_two_runs_in_lockstep_give_identical_actions(bundle, start_robot):
    first, second = (walk(bundle, start_robot())[0].actions for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_different_depth_images_change_the_actions_from_the_tick_at_which_they_enter_h(bundle, start_robot):
    near, far = (walk(bundle, start_robot(), depth_m)[0].actions for depth_m in (0.3, 2.0))
    np.testing.assert_array_equal(near[:5], far[:5])  # z_0 enters h at tick 5
    assert np.abs(near[5:] - far[5:]).max() > 1e-4


def test_a_missing_latent_ends_lockstep_in_damping_with_a_reason(bundle, robot):
    loop, _, mailbox, outbox = build(bundle, robot, latent_timeout=0.3)
    source = LatentSource(bundle, outbox, mailbox, silent_from=10)
    with pytest.raises(ControlError, match="no latent for tick 10"):
        loop.run()
    source.finish()
    assert robot.is_damped


def test_a_robot_that_falls_silent_ends_lockstep_with_a_reason(bundle, robot):
    loop, *_ = build(bundle, robot, state_timeout=0.3)
    robot.answers = False
    with pytest.raises(ControlError, match="robot"):
        loop.run()
    assert robot.is_damped


def test_without_a_complete_graph_the_robot_gets_no_motor_command(bundle, robot):
    loop, *_ = build(bundle, robot, veto=lambda: "depth_node is missing")
    with pytest.raises(ControlError, match="depth_node is missing"):
        loop.run()
    time.sleep(0.1)
    assert not any(
        command.kp.any() for command in robot.commands
    )  # only the damping that a closing link sends


def test_a_walk_is_refused_while_the_graph_is_incomplete(bundle, robot):
    script = Script((0.5, 0.0, 0.0), stand_seconds=0.1, patience=0.5)
    operator = ScriptedOperator(script)
    loop, *_ = build(
        bundle, robot, operator, veto=lambda: "nobody publishes wmp/latent", wait_for_graph=False
    )
    loop.run()
    assert operator.failure == "walk refused: nobody publishes wmp/latent"


def test_a_dry_run_computes_actions_and_sends_only_damping(bundle, robot):
    loop, _, mailbox, outbox = build(bundle, robot, dry_run=True)
    source = LatentSource(bundle, outbox, mailbox)
    loop.run()
    source.finish()
    assert all(not command.kp.any() and not command.tau.any() for command in robot.commands)


def test_a_dry_run_reports_the_commands_that_would_have_been_sent(bundle, robot):
    loop, _, mailbox, outbox = build(bundle, robot, dry_run=True)
    source = LatentSource(bundle, outbox, mailbox)
    loop.run()
    source.finish()
    standing = [report for report in source.reports if report.mode is Mode.STAND]
    assert standing and all((report.command.kp > 0).all() for report in standing)


def test_reports_count_every_command_and_every_clamp(bundle, robot):
    source, _ = walk(bundle, robot)
    counted = sum(report.cycles for report in source.reports)
    assert (
        len(robot.commands) - 30 < counted <= len(robot.commands)
    )  # minus the damping before the first state and at the end
    assert all(count <= report.cycles for report in source.reports for count in report.clamps.values())


def test_an_exception_in_the_loop_leaves_the_robot_in_damping(bundle, robot):
    class Broken(ScriptedOperator):
        def velocity(self, now):
            if self._mode is Mode.STAND_UP:
                raise RuntimeError("a bug")
            return super().velocity(now)

    loop, *_ = build(bundle, robot, Broken(Script((0.5, 0.0, 0.0))))
    with pytest.raises(RuntimeError, match="a bug"):
        loop.run()
    assert robot.is_damped


@pytest.mark.parametrize("lockstep", [True, False])
def test_a_stopped_loop_leaves_the_robot_in_damping(bundle, robot, lockstep):
    loop, *_ = build(bundle, robot, lockstep=lockstep)
    thread = threading.Thread(target=loop.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not any(command.kp.any() for command in robot.commands) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert any(command.kp.any() for command in robot.commands)
    assert (loop.heartbeat is None) is lockstep  # in lockstep the loop waits for others
    loop.stop()
    thread.join(timeout=5)
    time.sleep(0.1)
    assert not thread.is_alive() and robot.is_damped and loop.heartbeat is None


def test_waiting_for_the_robot_does_not_use_up_a_scripts_patience(bundle, robot):
    operator = ScriptedOperator(Script((0.5, 0.0, 0.0), patience=0.0))
    loop, *_ = build(bundle, robot, operator, lockstep=False)
    robot.answers = False
    assert not loop.wait_for_robot(0.1)
    assert not operator.finished and robot.is_damped
    robot.answers = True
    assert loop.wait_for_robot(20.0)
    loop.stop()
    loop.run()
    assert operator.failure is None and not any(command.kp.any() for command in robot.commands)


def test_a_script_waits_longer_than_its_patience_for_the_first_state(bundle, robot):
    operator = ScriptedOperator(Script((0.5, 0.0, 0.0), stand_seconds=0.1, patience=1.0))
    loop, *_ = build(bundle, robot, operator, lockstep=False, ready_timeout=60.0)
    robot.answers = False
    thread = threading.Thread(target=loop.run)
    thread.start()
    time.sleep(2.5)  # of which 0.5 s are for the graph
    robot.answers = True
    deadline = time.monotonic() + 20
    while not any(command.kp.any() for command in robot.commands) and time.monotonic() < deadline:
        time.sleep(0.01)
    loop.stop()
    thread.join(timeout=5)
    assert any(command.kp.any() for command in robot.commands) and operator.failure is None


def test_a_full_outbox_drops_and_counts_offered_reports_and_keeps_answers():
    outbox = Outbox(2)
    for item in range(3):
        outbox.offer(item)
    outbox.put("answer")
    assert outbox.dropped == 1
    assert [outbox.get() for _ in range(3)] == [0, 1, "answer"]


def test_requests_that_arrived_while_no_cycle_ran_are_refused_and_never_granted_later(bundle, robot):
    replies = []
    operator = RosOperator(lambda *answer: replies.append(answer))
    loop, *_ = build(bundle, robot, operator, lockstep=False)
    for request in (Request.STAND_UP, Request.STOP, Request.WALK):
        operator.submit(request, request)
    loop.refuse_pending("busy")
    assert replies == [
        (Request.STAND_UP, "stand_up refused: busy"),
        (Request.STOP, None),
        (Request.WALK, "walk refused: busy"),
    ]
    assert operator.next_request(Mode.PASSIVE, 0.0) is None


def test_a_mailbox_waits_for_the_tick_and_returns_every_latent_once():
    mailbox = LatentMailbox()
    threading.Timer(0.05, lambda: mailbox.put(Latent(5, np.zeros(1)))).start()
    assert mailbox.wait_for(5, 5.0)
    assert not mailbox.wait_for(10, 0.01)
    assert [latent.tick for latent in mailbox.drain()] == [5]
    assert mailbox.drain() == []


@pytest.mark.parametrize("key", ["period", "report_every", "state_timeout"])
def test_an_invalid_setting_is_refused_by_name(key):
    with pytest.raises(ValueError, match=key):
        LoopSettings(**{key: 0})
