from wmp_training.export.card_parts import lost_parts

CARD = """# one

## Training

| a | b |
|---|---|
| 1 | 2 |

## Evaluation

![success](success.png)

| t | 0.1 |
|---|---|
| gap | 1% |

text

| t | 0.1 |
|---|---|
"""


def test_sections_tables_and_pictures_that_go_missing_are_named():
    new = "# two\n\n## Training\n\n## Evaluation\n\n| t |\n|---|\n"
    assert lost_parts(CARD, new) == [
        "1 of 1 tables in 'Training'",
        "1 of 2 tables in 'Evaluation'",
        "success.png",
    ]
    assert lost_parts(CARD, "") == ["section 'Training'", "section 'Evaluation'"]


def test_a_card_with_other_figures_and_more_parts_loses_nothing():
    assert lost_parts(CARD, CARD.replace("1%", "100%") + "\n## More\n") == []
