"""An environment in which ROS cannot start is refused in one line; the doctor reports it and goes on."""

import pytest

from wmp_cli import environment
from wmp_cli.cli import main
from wmp_cli.doctor.ros import check_ros
from wmp_cli.environment import check_environment
from wmp_core.doctor.check import Verdict

FOREIGN = [
    ({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}, "this environment has rmw_fastrtps_cpp only"),
    ({"ROS_DOMAIN_ID": "abc"}, "ROS_DOMAIN_ID is 'abc', expected 0 to 232"),
    ({"ROS_DOMAIN_ID": "300"}, "ROS_DOMAIN_ID is '300', expected 0 to 232"),
    ({"ROS_DOMAIN_ID": "-1"}, "ROS_DOMAIN_ID is '-1', expected 0 to 232"),
    ({"FASTRTPS_DEFAULT_PROFILES_FILE": "/nowhere.xml"}, "which does not exist: unset FASTRTPS"),
    ({"ROS_LOG_DIR": "/proc/log"}, "the folder of ROS's logs, /proc/log, cannot be written"),
]


@pytest.fixture(autouse=True)
def one_middleware(monkeypatch):
    installed = {"rmw_fastrtps_cpp": "", "rmw_implementation": ""}
    monkeypatch.setattr(environment, "get_resources", lambda kind: installed)


@pytest.mark.parametrize(("variables", "reason"), FOREIGN)
def test_a_foreign_environment_is_refused_with_the_remedy(variables, reason, monkeypatch, tmp_path, capsys):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["record", str(tmp_path / "bag")]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(("variables", "reason"), FOREIGN)
def test_the_doctor_fails_it_and_goes_on(variables, reason, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    checks = check_ros()
    assert next(iter(variables)) in [check.name for check in checks if check.verdict is Verdict.FAIL]
    assert {"rclpy", "wmp_msgs", "discovery"} <= {check.name for check in checks}


def test_an_option_replaces_a_domain_that_does_not_exist(monkeypatch):
    assert check_environment({"ROS_DOMAIN_ID": "7", "HOME": "/tmp"}) == []
    monkeypatch.setenv("ROS_DOMAIN_ID", "abc")
    from wmp_cli.options import use_domain

    use_domain(7)
