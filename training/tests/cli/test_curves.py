import argparse
import json

import pytest

from wmp_training.cli import curves


def line(i, finished=0, passed=0):
    levels = {"gap": {"finished": [9, finished], "passed": [9, passed]}}
    return {"env_steps": 1e6 * i, "reward": i, "level/gap": 0.5 * i, "levels": levels}


def test_a_log_is_drawn_as_a_png(tmp_path, capsys):
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(line(i, 60, 30)) for i in range(3)) + "\n")
    parser = argparse.ArgumentParser()
    curves.command.add_arguments(parser)
    arguments = ["--run", str(tmp_path), "--out", str(tmp_path / "curves" / "gap.png")]
    assert curves.command.run(parser.parse_args(arguments)) == 0
    assert (tmp_path / "curves" / "gap.png").read_bytes()[:4] == b"\x89PNG"
    assert f"wrote {tmp_path / 'curves' / 'gap.png'}: 3 iterations, 2.00 M steps" in capsys.readouterr().out
    with pytest.raises(FileExistsError, match="would be lost; --overwrite replaces it"):
        curves.command.run(parser.parse_args(arguments))
    assert curves.command.run(parser.parse_args([*arguments, "--overwrite"])) == 0


def test_success_at_the_last_level_has_a_point_for_every_hundred_episodes():
    log = [line(1, 60, 0), line(2, 90, 30), line(3, 99, 99), line(4, 1, 1), line(5, 50, 0)]
    assert curves.last_level(log, "gap") == ([2.0, 4.0], [20.0, 100.0])
