"""A walk of the bundle is reproduced; altered values are found and named."""

import dataclasses

import numpy as np
import pytest

from wmp_replay.bag.assembler import StepAssembler
from wmp_replay.bag.records import DepthRecord, LatentRecord, PolicyStep
from wmp_replay.exactness import Exactness
from wmp_replay.golden_walk import golden_records
from wmp_replay.recompute import Recomputer
from wmp_replay.section import Status

K = 5


def judged(bundle, records):
    assembler = StepAssembler(bundle.contract)
    steps = [step for record in records for step in assembler.feed(record)] + list(assembler.finish())
    exactness = Exactness(bundle, 1e-4)
    for done in Recomputer(bundle).run(steps):
        exactness.update(done)
    return exactness


def altered(bundle, kind, tick, **changes):
    """The golden walk with one message changed: each change maps the old value to the new."""
    for record in golden_records(bundle):
        if isinstance(record, kind) and record.tick == tick:
            record = dataclasses.replace(
                record, **{key: change(getattr(record, key)) for key, change in changes.items()}
            )
        yield record


def test_the_golden_walk_is_reproduced_in_every_quantity(tiny_bundle):
    exactness = judged(tiny_bundle, golden_records(tiny_bundle))
    steps = tiny_bundle.golden.steps
    assert exactness.first is None
    seen = int(tiny_bundle.golden.depth_valid[:-1].sum())
    assert exactness.compared == {
        "proprioception": steps, "action": steps,
        "z": steps // K - 1, "kl": seen, "h": steps // K - 1,
    }  # fmt: skip
    assert max(exactness.largest.values()) < 1e-5
    assert exactness.section("graph").status is Status.PASS


def test_a_changed_joint_angle_names_the_term_and_the_tick(tiny_bundle):
    def bend(values):
        values = values.copy()
        values[9 + 4] += 0.01  # fifth joint of joint_position_error, after rates 3, gravity 3, command 3
        return values

    first = judged(tiny_bundle, altered(tiny_bundle, PolicyStep, 42, proprioception=bend)).first
    assert (first.quantity, first.term, first.step) == ("proprioception", "joint_position_error", 42)


def test_a_changed_action_is_named_before_what_follows_from_it(tiny_bundle):
    exactness = judged(tiny_bundle, altered(tiny_bundle, PolicyStep, 33, action=lambda a: a + 0.5))
    assert (exactness.first.quantity, exactness.first.step) == ("action", 33)
    assert exactness.differing["h"] == 1  # the transition 30 -> 35 alone


def test_a_changed_h_is_found_at_its_tick(tiny_bundle):
    records = altered(tiny_bundle, LatentRecord, 50, h=lambda h: h + 0.3)
    first = judged(tiny_bundle, records).first
    assert (first.quantity, first.step) == ("h", 50)


def test_an_exchanged_image_is_found_at_its_tick(tiny_bundle):
    def records():
        images = 0
        for record in golden_records(tiny_bundle):
            if isinstance(record, DepthRecord):
                images += 1
                if images == 5:  # ticks 0, 5, 10, (15 has none), 20, 25
                    record = dataclasses.replace(record, metres=record.metres[::-1].copy())
            yield record

    first = judged(tiny_bundle, records()).first
    assert first.quantity in ("z", "kl")
    assert first.step == 25


def test_without_latents_actions_are_recomputed_from_a_continued_h(tiny_bundle):
    records = [record for record in golden_records(tiny_bundle) if not isinstance(record, LatentRecord)]
    exactness = judged(tiny_bundle, records)
    assert exactness.first is None
    assert exactness.compared["action"] == tiny_bundle.golden.steps
    assert exactness.compared["h"] == 0


def test_after_a_lost_step_only_what_can_be_known_is_compared(tiny_bundle):
    lost = 52
    records = [
        record
        for record in golden_records(tiny_bundle)
        if not (isinstance(record, PolicyStep) and record.tick == lost)
    ]
    exactness = judged(tiny_bundle, records)
    assert exactness.first is None
    steps = tiny_bundle.golden.steps
    # 53 and 54 belong to a tick that is cut; the history is complete again five steps after 55.
    assert exactness.compared["action"] == steps - 3 - 5
    assert exactness.compared["h"] == steps // K - 2


def test_a_walk_recorded_from_its_middle_is_compared_from_its_first_latent(tiny_bundle):
    records = [record for record in golden_records(tiny_bundle) if record.stamp > 1.0 + 62 * 0.02]
    exactness = judged(tiny_bundle, records)
    assert exactness.first is None
    assert exactness.compared["h"] == (150 - 65) // K - 1


def test_many_steps_at_once_give_what_single_steps_give(tiny_bundle, monkeypatch):
    assembler = StepAssembler(tiny_bundle.contract)
    steps = [step for record in golden_records(tiny_bundle) for step in assembler.feed(record)]
    together = list(Recomputer(tiny_bundle).run(steps))
    monkeypatch.setattr("wmp_replay.recompute.CHUNK", 1)
    alone = list(Recomputer(tiny_bundle).run(steps))
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.next_h, b.next_h, atol=1e-6)
        np.testing.assert_array_equal(a.z, b.z)
        assert a.kl == pytest.approx(b.kl, abs=1e-5, nan_ok=True)
