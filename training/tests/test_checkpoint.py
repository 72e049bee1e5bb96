import pytest
import torch

from wmp_training import checkpoint as ck
from wmp_training.checkpoint_facts import FACTS, TENSORS, CheckpointError, is_checkpoint


def write(folder, value, save=ck.put_checkpoint):
    save(folder, {"actor.weight": torch.full((2,), float(value))}, {"iteration": value})


def iteration_of_both(folder):
    tensors, facts = ck.load_checkpoint(folder)
    return tensors["actor.weight"].tolist(), facts["iteration"]


def test_a_checkpoint_among_other_files_replaces_only_its_own_two(tmp_path):
    kept, beside = tmp_path / "kept", tmp_path / "kept.old"
    for folder in (kept, beside):
        folder.mkdir()
        (folder / "README.md").write_text("What this is.\n")
    (kept / "pictures").mkdir()
    for value in (1, 2):
        write(kept, value)
        assert iteration_of_both(kept) == ([value, value], value)
    assert {file.name for file in kept.iterdir()} == {"README.md", "pictures", TENSORS, FACTS}
    assert all((folder / "README.md").read_text() == "What this is.\n" for folder in (kept, beside))


def test_a_failed_save_leaves_the_previous_checkpoint(tmp_path):
    for save in (ck.put_checkpoint, ck.save_checkpoint):
        folder = tmp_path / save.__name__
        write(folder, 1, save)
        with pytest.raises(TypeError):
            save(folder, {"actor.weight": torch.zeros(2)}, {"iteration": object()})
        assert iteration_of_both(folder) == ([1.0, 1.0], 1)


def test_a_checkpoint_written_by_half_is_refused(tmp_path, monkeypatch):
    write(tmp_path, 1)
    replace = type(tmp_path).replace

    def stopped(self, target):
        if self.name == FACTS:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, 2)
    with pytest.raises(FileNotFoundError, match=r"expected state\.json"):
        ck.load_checkpoint(tmp_path)


def test_a_save_killed_while_it_replaces_the_folder_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    folder = tmp_path / "checkpoint"
    write(folder, 1, ck.save_checkpoint)
    rename = type(tmp_path).rename

    def stopped(self, target):
        if self.name == "checkpoint.new":
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "rename", stopped)
        with pytest.raises(KeyboardInterrupt):
            write(folder, 2, ck.save_checkpoint)
    assert is_checkpoint(folder) and iteration_of_both(folder) == ([1.0, 1.0], 1)
    write(folder, 3, ck.save_checkpoint)
    assert iteration_of_both(folder) == ([3.0, 3.0], 3)


def test_a_checkpoint_that_changes_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    write(tmp_path, 1)
    load_file, saved = ck.load_file, []

    def overtaken(file):
        tensors = load_file(file)
        if not saved:
            saved.append(write(tmp_path, 2))
        return tensors

    monkeypatch.setattr(ck, "load_file", overtaken)
    assert iteration_of_both(tmp_path) == ([2.0, 2.0], 2)


@pytest.mark.parametrize("name", [TENSORS, FACTS])
def test_a_damaged_file_is_named(tmp_path, name):
    write(tmp_path, 1)
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        ck.load_checkpoint(tmp_path)
