import argparse
import json

from wmp_training.cli import curves


def test_a_log_becomes_a_picture(tmp_path):
    lines = [{"env_steps": 1e6 * i, "reward": i, "level/gap": 0.5 * i} for i in range(3)]
    (tmp_path / "log.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    parser = argparse.ArgumentParser()
    curves.command.add_arguments(parser)
    arguments = ["--run", str(tmp_path), "--out", str(tmp_path / "curves" / "gap.png")]
    assert curves.command.run(parser.parse_args(arguments)) == 0
    assert (tmp_path / "curves" / "gap.png").read_bytes()[:4] == b"\x89PNG"
