"""A mistake in a training command is refused in one line that says what to do."""

import pytest

from wmp_cli.cli import main

#: OUT is a folder to write; NOWHERE does not exist.
REFUSED = [
    ("train --out OUT --preset huge", "preset is 'huge', expected one of"),
    ("train --out OUT --policy deaf", "policy is 'deaf', expected one of"),
    ("train --out OUT --task swimming", "task is 'swimming', expected one of"),
    ("train --out OUT --recipe cold", "recipe is 'cold', expected one of"),
    ("train --out OUT --without weather", "['weather'], expected some of"),
    ("train --out OUT --num-envs 0", "num_envs and levels are 0 and 10, expected at least 1"),
    ("train --out OUT --rendered 2", "rendered is 2.0, expected a share in (0, 1]"),
    ("train --out OUT --set ppo.desired_kl=0", "ppo: desired_kl is 0.0, expected above 0"),
    ("train --out OUT --set ppo.epoch=3", "setting ppo.epoch: there is no 'epoch', expected one of"),
    ("train --out OUT --set epochs=3", "setting epochs: expected a name that begins with one of ['amp',"),
    ("train --out OUT --set epochs", "'epochs' is not a setting, expected NAME=VALUE"),
    ("train --out OUT --policy blind --recipe warm", "expected the recipe 'wmp'"),
    ("train --out OUT --policy blind --amp", "amp and rendered are for the policy 'wmp' alone"),
    ("train --out OUT --set env.rendered=0.5", "expected --rendered, which predicts"),
    ("train --out OUT --resume", "no checkpoint in"),
    ("train --out OUT --resume --begin-with NOWHERE", "give only one of them"),
    ("train --out OUT --begin-with NOWHERE", "no checkpoint in NOWHERE"),
    ("train --out OUT --randomisation NOWHERE", "No such file or directory: 'NOWHERE'"),
    ("export --out OUT --run NOWHERE", "no checkpoint in NOWHERE"),
    ("checkpoint --out OUT --run NOWHERE", "no checkpoint in NOWHERE"),
    ("checkpoint --out NOWHERE/checkpoint --run NOWHERE", "the run's own checkpoint; name another folder"),
    ("curves --out OUT --run NOWHERE", "no log in NOWHERE: expected log.jsonl; first run `wmp train`"),
    ("gate --run NOWHERE", "no checkpoint in NOWHERE"),
    ("eval --run NOWHERE", "no checkpoint in NOWHERE"),
    ("eval --bundle NOWHERE", "no bundle 'NOWHERE': not a folder with a bundle.json"),
    ("card --bundle NOWHERE", "no bundle 'NOWHERE': not a folder with a bundle.json"),
    ("compare NOWHERE", "NOWHERE is no evaluation"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_a_mistake_is_refused_in_one_line_and_nothing_is_written(words, message, tmp_path, capsys):
    out, nowhere = tmp_path / "out", str(tmp_path / "nowhere")
    arguments = words.replace("OUT", str(out)).replace("NOWHERE", nowhere).split()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"wmp {arguments[0]}: ")
    assert message.replace("NOWHERE", nowhere) in line
    assert not out.exists()
