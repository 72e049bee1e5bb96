import json

from wmp_training.log import RunLog


def test_a_resumed_run_replaces_the_lines_after_its_checkpoint(tmp_path):
    log = RunLog(tmp_path)
    for iteration in (1, 2, 3):
        log.append({"iteration": iteration, "reward": 0.5})
    log.forget_after(2)
    log.append({"iteration": 3, "reward": 0.25})
    assert [(line["iteration"], line["reward"]) for line in log.lines()] == [(1, 0.5), (2, 0.5), (3, 0.25)]


def test_a_line_that_was_cut_off_by_a_kill_is_ignored(tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps({"iteration": 1}) + "\n" + '{"iteration": 2, "rew')
    log = RunLog(tmp_path)
    assert log.lines() == [{"iteration": 1}]
    log.forget_after(2)
    log.append({"iteration": 2})
    assert [line["iteration"] for line in log.lines()] == [1, 2]


def test_every_rank_has_its_own_log_and_a_new_run_has_none(tmp_path):
    RunLog(tmp_path, rank=1).append({"iteration": 1})
    RunLog(tmp_path).forget_after(0)
    assert RunLog(tmp_path).lines() == [] and [file.name for file in tmp_path.iterdir()] == [
        "log_rank1.jsonl"
    ]
