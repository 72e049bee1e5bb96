from dataclasses import dataclass, field

import pytest

from wmp_training.run_config import RunConfig
from wmp_training.settings import changed, configured, parse
from wmp_training.tasks import task


@dataclass(frozen=True)
class Inner:
    count: int = 2
    share: float = 0.5
    on: bool = False
    names: tuple[str, ...] = ("a",)
    table: tuple[tuple[str, float], ...] = (("flat", 0.4), ("gap", 0.6))


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    other: int = 7


def test_a_setting_replaces_one_value_and_leaves_all_others():
    assert changed(Outer(), "inner.share", 0.25) == Outer(Inner(share=0.25))
    assert changed(Outer(), "other", 1) == Outer(other=1)


def test_an_integer_is_accepted_for_a_float():
    found = changed(Outer(), "inner.share", 1).inner.share
    assert (found, type(found)) == (1.0, float)


def test_one_entry_of_a_table_is_set():
    assert changed(Outer(), "inner.table.gap", 1).inner.table == (("flat", 0.4), ("gap", 1.0))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "inner.size",
            1,
            r"setting inner.size: there is no 'size'.*'count', 'names', 'on', 'share', 'table'",
        ),
        ("inner.count", 0.5, r"setting inner.count is 0.5, expected int like 2"),
        ("inner.count", True, r"setting inner.count is True, expected int like 2"),
        ("inner.share", True, r"setting inner.share is True, expected float like 0.5"),
        ("inner.on", 1, r"setting inner.on is 1, expected bool like False"),
        ("inner.names", 1, r"setting inner.names: 'names' is not a number or switch"),
        ("inner", 1, r"setting inner: 'inner' is not a number or switch"),
        ("inner.table", 1, r"setting inner.table: 'table' is not a number or switch"),
        ("inner.table.stairs", 1, r"setting inner.table.stairs: there is no 'stairs'.*'flat', 'gap'"),
        ("inner.table.gap", True, r"setting inner.table.gap is True, expected float like 0.6"),
        ("other.more", 1, r"setting other.more: 'other.more' is not a number or switch"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_by_name(name, value, message):
    with pytest.raises(ValueError, match=message):
        changed(Outer(), name, value)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("a.b=3", ("a.b", 3)), ("a=-1e-4", ("a", -1e-4)), ("a=true", ("a", True)), ("a=0.5", ("a", 0.5))],
)
def test_a_value_is_parsed_as_a_number_or_a_switch(text, meaning):
    assert parse(text) == meaning
    assert type(parse(text)[1]) is type(meaning[1])


@pytest.mark.parametrize("text", ["a", "a=", "a=b", "a=[1]", 'a="1"', "a=null"])
def test_any_other_value_is_refused(text):
    with pytest.raises(ValueError, match="is not a setting, expected NAME=VALUE"):
        parse(text)


def test_settings_reach_preset_and_task():
    settings = {"ppo.epochs": 7, "world_model.batch": 4, "env.rewards.crouch": -1.0, "worlds.variants": 3}
    config = RunConfig("tiny", 4, 1, settings=settings)
    assert (config.resolved_preset().ppo.epochs, config.resolved_preset().world_model.batch) == (7, 4)
    task = config.resolved_task()
    assert (dict(task.env.rewards)["crouch"], task.worlds.variants) == (-1.0, 3)
    plain = RunConfig("tiny", 4, 1)
    assert (plain.resolved_preset().ppo.epochs, dict(plain.resolved_task().env.rewards)["crouch"]) == (2, 0.0)


def test_settings_of_old_checkpoints_that_no_longer_exist_have_no_effect_but_are_refused_for_new_runs():
    old = {"env.rewards.run_up": 3.0, "env.rewards.fall": -4.0}
    assert configured(task("obstacles"), old) == configured(task("obstacles"), {"env.rewards.fall": -4.0})
    with pytest.raises(ValueError, match=r"setting env.rewards.run_up: it no longer exists"):
        RunConfig("tiny", 4, 1, task="obstacles", settings=old)
    with pytest.raises(ValueError, match="did you mean"):
        changed(task("obstacles"), "env.rewards.leaps", 1.0)


def test_a_list_of_numbers_replaces_one_of_the_same_length():
    pool = changed(task("obstacles"), "worlds.randomisation.friction", [0.3, 1]).worlds
    assert pool.randomisation.friction == (0.3, 1.0)
    with pytest.raises(ValueError, match=r"is \[1, 2, 3\], expected 2 numbers like \[0.4, 1.6\]"):
        changed(task("obstacles"), "worlds.randomisation.friction", [1, 2, 3])
    with pytest.raises(ValueError, match="expected 2 numbers like"):
        changed(task("obstacles"), "env.commands.speed", 0.5)
