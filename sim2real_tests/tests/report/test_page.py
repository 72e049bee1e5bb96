"""The report in a real browser: it fits a phone and a laptop, in light and dark, and loads nothing."""

import dataclasses
import re
import shutil
import subprocess
from html import escape

import cv2
import numpy as np
import pytest

from wmp_replay import replay
from wmp_replay.bag.records import Joints
from wmp_replay.bag.writer import write_bag
from wmp_replay.golden_walk import golden_records
from wmp_replay.motors.fit import MotorFit
from wmp_replay.report.page import report, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Appended to a copy of the page: what the browser made of it, to be read from the dumped document.
PROBE = """<script>
const root = document.documentElement, broken = [...document.images].filter((i) => !i.naturalWidth);
const found = parent.document.body.dataset;
found.overflow = root.scrollWidth - root.clientWidth;
found.width = root.clientWidth;
found.broken = broken.length;
found.loaded = performance.getEntriesByType("resource")
  .filter((entry) => !entry.name.startsWith("data:")).length;
found.film = document.querySelector(".film output").textContent;
</script>"""
PAGE_COLOURS = {"light": (0xF6, 0xF7, 0xF9), "dark": (0x13, 0x17, 0x1D)}

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")


@pytest.fixture(scope="module")
def page(golden_bag, tiny_bundle, tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.html"
    write_report(replay(golden_bag, tiny_bundle), file)
    return file


def chromium(file, width, *options, profile):
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        f"--user-data-dir={profile}", f"--window-size={width},1600", *options, file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_section_is_there_and_nothing_comes_from_a_network(page):
    text = page.read_text()
    for section in ("integrity", "exactness", "prediction", "surprise", "latent", "dynamics"):
        assert f'<section id="{section}">' in text
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert not re.search(r"url\(|@import|https?://", text)


def test_a_bag_name_cannot_become_markup(tiny_bundle, tmp_path):
    bag = write_bag(tmp_path / "<img onerror=alert(1)>", golden_records(tiny_bundle))
    assert "<img onerror" not in report(replay(bag, tiny_bundle))


def test_a_short_walk_without_joints_has_a_report_without_nan(tiny_bundle, tmp_path):
    records = [r for r in golden_records(tiny_bundle) if not isinstance(r, Joints) and r.stamp < 2.0]
    text = report(replay(write_bag(tmp_path / "short", records), tiny_bundle))
    assert "no 25 consecutive world-model steps" in text
    assert "fewer than 50 policy steps" in text
    assert not re.search(r"\bnan\b", text)


def test_fitted_motors_are_in_the_report(golden_bag, tiny_bundle):
    values = np.array((0.8125, 0.9, 1.0, 0.5, 0.6, 0.7, 0.008))
    fit = MotorFit(values, np.full(7, 0.0321), windows=37, rmse=0.002, nominal_rmse=0.02)
    text = report(dataclasses.replace(replay(golden_bag, tiny_bundle), motor_fit=fit))
    assert "37 swings of a leg" in text
    assert "<td>strength, hip</td><td>0.8125</td><td>0.032</td><td>1</td>" in text
    assert "<td>delay</td><td>0.008</td>" in text


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_width_and_every_picture_is_drawn(page, tmp_path, width):
    # A frame, because Chromium's own window is never narrower than 500 px.
    probed = escape(page.read_text().replace("</body>", f"{PROBE}</body>"), quote=True)
    frame = tmp_path / "frame.html"
    style = f"border: 0; width: {width}px; height: 900px"
    frame.write_text(f'<body style="margin: 0"><iframe style="{style}" srcdoc="{probed}"></iframe></body>')
    document = chromium(frame, 1400, "--dump-dom", profile=tmp_path / "profile")
    found = dict(re.findall(r'data-(overflow|width|broken|loaded|film)="([^"]*)"', document))
    assert found == {"overflow": "0", "width": str(width), "broken": "0", "loaded": "0", "film": "last seen"}


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_light_or_dark(page, tmp_path, scheme):
    picture = tmp_path / "page.png"
    dark = ["--force-dark-mode"] if scheme == "dark" else []
    chromium(page, 1280, f"--screenshot={picture}", *dark, profile=tmp_path / "profile")
    image = cv2.imread(str(picture))
    assert image.shape[:2] == (1600, 1280)
    assert tuple(image[1, 1, ::-1]) == PAGE_COLOURS[scheme]
    text = np.abs(image[:300].astype(int) - image[1, 1]).max()
    assert text > 150  # something is written, in contrast to the page
