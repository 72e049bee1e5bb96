import math

import pytest

from wmp_training.recipe import PACKAGED, find_recipe, recipe, same_content
from wmp_training.run_config import RunConfig

TWO = """
preset: tiny
task: obstacles
num_envs: 8
settings: {ppo: {entropy: 0.01}, env.rewards.fall: -2}
stages:
  - name: first
    learns: teacher
    until: 1e6
    hands_over: [teacher]
    settings:
      env:
        rewards: {fall: -4}
        action_delay: [0.0, 0.02]
  - name: last
    learns: student
    schedule:
      env.push_velocity: {linear: [[0, 0.2], [100, 1.0]]}
      world_model: {updates_per_iteration: {steps: [[0, 1], [50, 3]]}}
"""


def test_settings_of_a_stage_prevail_over_those_of_the_recipe_and_given_ones_over_both():
    first, last = recipe("two", TWO, {"seed": 7, "settings": {"ppo.entropy": 0.002}}).stages
    assert (first.folder, first.until, first.hands_over) == ("first", 1e6, ("teacher",))
    assert (last.folder, last.until, last.config.stage) == (".", math.inf, "student")
    assert first.config.settings == {
        "ppo.entropy": 0.002,
        "env.rewards.fall": -4,
        "env.action_delay": [0.0, 0.02],
    }
    assert last.config.settings == {"ppo.entropy": 0.002, "env.rewards.fall": -2}
    assert (first.config.seed, first.config.num_envs, first.config.preset) == (7, 8, "tiny")
    assert first.config.resolved_task().env.action_delay == (0.0, 0.02)


def test_scheduled_settings_follow_the_samples_of_the_stage():
    config = recipe("two", TWO, {}).stages[1].config
    values = [config.at(samples) for samples in (0, 50, 100, 1000)]
    pushes = [value.resolved_task().env.push_velocity for value in values]
    assert pushes == pytest.approx([0.2, 0.6, 1.0, 1.0])
    updates = [value.resolved_preset().world_model.updates_per_iteration for value in values]
    assert updates == [1, 3, 3, 3]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("preset: tiny", "presett: tiny", "recipe two: there is no 'presett'.*did you mean 'preset'"),
        ("learns: teacher", "learns: techer", "recipe two: stage first: .*did you mean 'teacher'"),
        ("until: 1e6", "untill: 1e6", "stage first: there is no 'untill'.*did you mean 'until'"),
        ("    until: 1e6\n", "", "stage first: until is missing"),
        ("until: 1e6", "until: soon", "stage first: until is 'soon', expected a number of samples"),
        ("[teacher]", "[teachers]", "stage first: hands_over is 'teachers'.*did you mean 'teacher'"),
        ("{fall: -4}", "{fal: -4}", "stage first: setting env.rewards.fal: there is no 'fal'.*'fall'"),
        ("[0.0, 0.02]", "[0.02]", "env.action_delay is .0.02., expected 2 numbers"),
        ("{ppo: {entropy: 0.01}", "{ppo: {entropi: 0.01}", "'entropi'.*did you mean 'entropy'"),
        ("env.push_velocity", "env.push_velocit", "did you mean 'env.push_velocity'"),
        ("env.push_velocity", "worlds.variants", "schedule worlds.variants: expected one of"),
        ("linear: [[0", "linear: [[200", "has the samples .200, 100., expected them to rise"),
        ("linear: [[0, 0.2]", "linear: [[0, 0.2, 3]", "expected {linear: "),
        ("num_envs: 8", "num_envs: 8\nnum_envs: 9", "'num_envs' stands there twice"),
        ("num_envs: 8", "num_envs: many", "num_envs is 'many', expected int"),
        ("name: last", "name: first", "the name of a stage is 'first', expected a word of its own"),
        ("{linear: [[0, 0.2], [100, 1.0]]}", "[", "recipe two: "),
    ],
)
def test_a_mistake_in_a_recipe_is_refused_and_says_where(old, new, message):
    assert old in TWO
    with pytest.raises(ValueError, match=message):
        recipe("two", TWO.replace(old, new, 1), {})


def test_a_scheduled_setting_cannot_be_set_as_well():
    with pytest.raises(ValueError, match=r"setting env.push_velocity is also scheduled"):
        recipe("two", TWO, {"settings": {"env.push_velocity": 0.1}})


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_recipe_is_valid(name):
    found = find_recipe(name, {})
    assert found.stages[-1].folder == "."
    assert all(isinstance(stage.config, RunConfig) for stage in found.stages)


def test_comments_do_not_make_another_recipe():
    own = recipe("two", TWO, {})
    assert same_content(own, recipe("two", "# new\n" + TWO, {}))
    assert not same_content(own, recipe("two", TWO.replace("-4", "-5"), {}))
