"""A journal is complete for every reader, whenever it starts to read."""

import math
import subprocess
import sys

from wmp_core.journal import Journal, JournalReader


def test_entries_come_back_in_order_for_a_late_reader(tmp_path):
    journal = Journal(tmp_path / "a.journal")
    journal.write("step", tick=0, stamp=1.5)
    reader = JournalReader(tmp_path / "a.journal")
    journal.write("step", tick=1, stamp=1.52)
    assert [entry["tick"] for entry in reader.read()] == [0, 1]
    assert reader.read() == []
    journal.write("status", values={"kl": math.nan, "mode": "WALK"})
    (entry,) = reader.read()
    assert entry["kind"] == "status" and math.isnan(entry["values"]["kl"])


def test_an_unfinished_line_is_read_once_it_is_complete(tmp_path):
    path = tmp_path / "a.journal"
    path.write_text('{"kind": "step", "ti')
    reader = JournalReader(path)
    assert reader.read() == []
    with path.open("a") as file:
        file.write('ck": 7}\n')
    assert reader.read() == [{"kind": "step", "tick": 7}]


def test_a_reader_may_start_before_the_file_exists(tmp_path):
    reader = JournalReader(tmp_path / "a.journal")
    assert reader.read() == []
    Journal(tmp_path / "a.journal").write("step", tick=0)
    assert [entry["tick"] for entry in reader.read()] == [0]


def test_a_killed_process_leaves_every_finished_entry(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from wmp_core.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for tick in range(100): journal.write('step', tick=tick)\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.journal")], check=False)
    assert ended.returncode == -9
    assert [entry["tick"] for entry in JournalReader(tmp_path / "a.journal").read()] == list(range(100))


def test_without_a_path_nothing_is_written():
    Journal().write("step", tick=0)
