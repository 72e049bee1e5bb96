import pytest

from wmp_training.cli.gate import curriculum_levels


@pytest.mark.parametrize(
    ("difficulties", "count", "levels"),
    [((0.0, 0.33, 0.67, 1.0), 10, (0, 3, 6, 9)), ((0.0, 0.4, 0.6, 1.0), 2, (0, 1)), ((0.5,), 1, (0,))],
)
def test_difficulties_become_the_nearest_levels_of_the_curriculum(difficulties, count, levels):
    assert curriculum_levels(difficulties, count) == levels
