import pytest

from wmp_training.evaluation.files import written_whole


def write_half(file):
    with written_whole(file) as fresh:
        fresh.write_text("half")
        raise ValueError("disk full")


def test_a_file_is_replaced_only_when_its_successor_is_complete(tmp_path):
    file = tmp_path / "new" / "out.txt"
    with written_whole(file) as fresh:
        fresh.write_text("first")
    with pytest.raises(ValueError, match="disk full"):
        write_half(file)
    assert file.read_text() == "first"
    assert list(file.parent.iterdir()) == [file]
