import pytest

from wmp_training.presets import preset
from wmp_training.run_config import RunConfig
from wmp_training.tasks import task


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda: preset("smal"), "did you mean 'small'"),
        (lambda: task("obstacle"), "did you mean 'obstacles'"),
        (lambda: RunConfig("tiny", 4, 1, policy="recurent"), "did you mean 'recurrent'"),
        (lambda: RunConfig("tiny", 4, 1, without=("push",)), "did you mean 'pushes'"),
        (lambda: RunConfig("tiny", 4, 1, settings={"ppo.epoch": 3}), "did you mean 'epochs'"),
        (lambda: RunConfig("tiny", 4, 1, settings={"env.reward.crouch": 3}), "did you mean 'rewards'"),
        (lambda: RunConfig("tiny", 4, 1, settings={"world.deter": 3}), "did you mean 'worlds'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(wrong, hint):
    with pytest.raises(ValueError, match=hint):
        wrong()


def test_a_name_unlike_all_others_gets_the_choices_without_a_suggestion():
    with pytest.raises(ValueError, match=r"expected one of \['full', 'small', 'tiny'\]$"):
        preset("xyz")
