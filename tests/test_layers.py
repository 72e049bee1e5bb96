"""Who may import whom, as docs/explanation/architecture.md says; the contracts are in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PERCEPTION_WITHOUT_ROS = """
[importlinter]
root_package = wmp_perception
include_external_packages = True

[importlinter:contract:1]
name = perception knows no ROS
type = forbidden
source_modules = wmp_perception
forbidden_modules = rclpy
"""


def lint_imports(*options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_follow_the_layers():
    result = lint_imports()
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_contract_that_the_tree_breaks_is_reported(tmp_path):
    config = tmp_path / "importlinter.ini"
    config.write_text(PERCEPTION_WITHOUT_ROS)
    result = lint_imports(f"--config={config}")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "wmp_perception is not allowed to import rclpy" in result.stdout
