"""Bad output paths are refused before any work; nothing is created or lost."""

import os

import pytest

from wmp_core.output_paths import check_file, check_new_folder


def test_a_new_or_empty_folder_is_accepted_and_not_created(tmp_path):
    check_new_folder(tmp_path)
    check_new_folder(tmp_path / "a" / "b")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_refused_with_its_contents(tmp_path):
    for name in "abcd":
        (tmp_path / name).touch()
    with pytest.raises(FileExistsError, match="is not empty: it holds a, b, c and 1 more; name another"):
        check_new_folder(tmp_path)


def test_a_target_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for check in (check_new_folder, lambda path: check_file(path, overwrite=True)):
        with pytest.raises(
            NotADirectoryError, match=r"cannot be created: .*file is a file, expected a folder"
        ):
            check(tmp_path / "file" / "run")
    with pytest.raises(FileExistsError, match="is a file, expected a new folder"):
        check_new_folder(tmp_path / "file")


def test_a_target_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=f"no permission to write to {tmp_path}"):
        check_new_folder(tmp_path / "a" / "b")


def test_an_existing_file_is_refused_with_its_size_unless_overwrite_is_set(tmp_path):
    file = tmp_path / "curves.png"
    check_file(file, overwrite=False)
    file.write_text("twelve bytes")
    with pytest.raises(FileExistsError, match=r"exists \(12 bytes\) and would be lost; --overwrite"):
        check_file(file, overwrite=False)
    check_file(file, overwrite=True)
    with pytest.raises(IsADirectoryError, match="is a folder, expected the name of a file"):
        check_file(tmp_path, overwrite=True)
