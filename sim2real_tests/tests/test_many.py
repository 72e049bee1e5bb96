"""Several bags are found, judged in processes, merged and compared with a baseline."""

import json
import re
import shutil
from pathlib import Path

import pytest

from wmp_cli.cli import main
from wmp_replay.bag.find import find_bags
from wmp_replay.bag.writer import write_bag
from wmp_replay.bag_names import bag_names
from wmp_replay.baseline import read_baseline, regressions
from wmp_replay.errors import BaselineError
from wmp_replay.golden_walk import golden_records
from wmp_replay.many import Job, replay_many, table
from wmp_replay.report.overview import write_overview


@pytest.fixture(scope="module")
def bags(golden_bag, tiny_bundle, tmp_path_factory):
    """A good bag in a folder, one in sqlite3 in another, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("bags")
    shutil.copytree(golden_bag, folder / "good")
    write_bag(folder / "monday" / "older", golden_records(tiny_bundle), storage="sqlite3")
    (folder / "broken").mkdir()
    (folder / "broken" / "broken.mcap").write_bytes(b"nothing")
    (folder / "notes").mkdir()
    return folder


def test_every_recording_below_a_folder_is_found(bags):
    assert [bag.name for bag in find_bags([bags])] == ["broken", "good", "older"]
    assert find_bags([bags / "good"]) == [bags / "good"]


def test_a_folder_of_bags_is_judged_bag_by_bag(bags, tiny_bundle, tmp_path, capsys):
    files = [tmp_path / name for name in ("verdicts.json", "junit.xml", "reports")]
    arguments = ["--bundle", str(tiny_bundle.path), "--json", str(files[0]), "--junit", str(files[1])]
    assert main(["replay", str(bags), *arguments, "--report", str(files[2]), "--jobs", "2"]) == 2
    verdicts = {
        verdict["bag"].split("/")[-1]: verdict for verdict in json.loads(files[0].read_text())["bags"]
    }
    assert "holds no readable message" in verdicts["broken"]["error"]
    assert verdicts["good"]["sections"]["exactness"]["status"] == "pass"
    assert verdicts["older"]["sections"]["exactness"]["status"] == "pass"
    assert sorted(page.name for page in files[2].iterdir()) == ["good.html", "index.html", "older.html"]
    overview = (files[2] / "index.html").read_text()
    assert 'href="good.html"' in overview and "holds no readable message" in overview
    assert "Map of h by terrain" in overview and "unknown terrain" in overview
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()[:4]] == ["bag", "broken", "good", "older"]
    # Against itself nothing got worse, although one bag fails.
    assert main(["replay", str(bags), *arguments, "--baseline", str(files[0]), "--overwrite"]) == 0


def verdict(bag, **sections):
    statuses = {name: {"status": status} for name, status in sections.items()}
    return {"bag": f"bags/{bag}", "verdict": max(sections.values()), "sections": statuses}


def test_names_of_bags_are_unique():
    bags = [Path("bags", name) for name in ("a/stairs_0.3", "a/stairs_0.5", "a/walk", "b/walk", "b/index")]
    names = ["stairs_0.3", "stairs_0.5", "a_walk", "b_walk", "b_index"]
    assert bag_names(bags) == names
    assert bag_names([Path("bags/one/walk.mcap")]) == ["walk"]
    assert bag_names([]) == []


def test_bags_with_equal_names_get_pages_of_their_own(golden_bag, tiny_bundle, tmp_path):
    names = ("monday/walk_0.5", "tuesday/walk_0.5")
    for name in names:
        shutil.copytree(golden_bag, tmp_path / "bags" / name)
    reports = tmp_path / "reports"
    main(["replay", str(tmp_path / "bags"), "--bundle", str(tiny_bundle.path), "--report", str(reports)])
    pages = {page.name for page in reports.iterdir()}
    assert pages == {"index.html", "monday_walk_0.5.html", "tuesday_walk_0.5.html"}
    assert set(re.findall('href="(.*?)"', (reports / "index.html").read_text())) == pages - {"index.html"}


def test_bags_with_equal_names_are_each_compared_with_their_own_baseline(tmp_path):
    before = [verdict("monday/a", latent="fail"), verdict("tuesday/a", latent="pass")]
    (tmp_path / "old.json").write_text(json.dumps({"bags": before}))
    new = [verdict("tuesday/a", latent="warn"), verdict("monday/a", latent="warn")]
    assert regressions(new, read_baseline(tmp_path / "old.json")) == [
        "tuesday_a: latent was pass and is warn"
    ]


def test_only_what_got_worse_is_a_regression(tmp_path):
    baseline = tmp_path / "old.json"
    baseline.write_text(json.dumps({"bags": [verdict("a", exactness="pass", latent="fail")]}))
    new = [verdict("a", exactness="warn", latent="warn"), verdict("unknown", exactness="fail")]
    assert regressions(new, read_baseline(baseline)) == ["a: exactness was pass and is warn"]


def test_a_bag_that_has_become_unreadable_is_a_regression(tmp_path):
    baseline = tmp_path / "old.json"
    baseline.write_text(json.dumps(verdict("a", exactness="pass")))
    broken = {"bag": "elsewhere/a", "verdict": "fail", "error": "it is empty", "sections": {}}
    assert regressions([broken], read_baseline(baseline)) == [
        "a: the baseline could read it; now: it is empty"
    ]
    assert "a: it is empty" in table([broken])


def test_a_file_that_is_no_baseline_is_refused(tmp_path):
    (tmp_path / "old.json").write_text('["something else"]')
    with pytest.raises(BaselineError, match="is no verdict"):
        read_baseline(tmp_path / "old.json")


def test_latents_are_mapped_by_terrain_in_colours_and_shapes(tmp_path):
    """Two terrains, one of them in two bags, and an unreadable bag without h."""

    def walked(bag, name, points):
        latent = {"status": "pass", "figures": {"map": points}}
        terrain = {"name": name, "difficulty": 0.5}
        return {"bag": bag, "verdict": "pass", "terrain": terrain, "sections": {"latent": latent}}

    broken = {"bag": "c", "verdict": "fail", "error": "<empty>", "sections": {}}
    bags = [walked("a", "rough", [[0, 1]]), walked("b", "flat", [[1, 1], [2, 2]]), broken]
    write_overview([*bags, walked("d", "rough", [[5, 5]])], tmp_path)
    text = (tmp_path / "index.html").read_text()
    flat, rough = re.findall(r'<g class="mark ground-(\d)">(.*?)</g>', text)
    assert (flat[0], flat[1].count("<circle")) == ("0", 2)
    assert (rough[0], rough[1].count("<rect")) == ("1", 2)
    assert "&lt;empty&gt;" in text and "rough 0.5" in text


def test_ray_gives_the_verdicts_of_processes(bags, tiny_bundle):
    pytest.importorskip("ray", reason="ray is not installed: pip install ray")
    found = find_bags([bags])
    bundles = [tiny_bundle.path] * len(found)
    assert replay_many(found, bundles, Job(), "ray") == replay_many(found, bundles, Job(), "processes", 2)


def test_a_missing_engine_is_named(bags, tiny_bundle, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert main(["replay", str(bags), "--bundle", str(tiny_bundle.path), "--engine", "ray"]) == 2
    assert "pip install ray" in capsys.readouterr().err
