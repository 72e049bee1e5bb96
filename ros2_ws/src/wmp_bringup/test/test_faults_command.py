"""``wmp faults``: what each walk is started with."""

import argparse

from wmp_bringup.faults import watchdogs_of_the_robot
from wmp_bringup.locations import shipped_parameters
from wmp_bringup.parameters import node_parameters
from wmp_bringup.sim import SimCommand
from wmp_bringup.sim_settings import settings_from


def watchdogs(parameters):
    return {name: value for name, value in parameters.items() if name.startswith("watchdog.")}


def test_in_lockstep_the_robot_of_wmp_sim_has_the_watchdogs_of_the_real_one(tiny_bundle):
    parser = argparse.ArgumentParser()
    SimCommand().add_arguments(parser)
    options = ["--bundle", str(tiny_bundle), "--lockstep", *watchdogs_of_the_robot()]
    (policy,) = (s for s in settings_from(parser.parse_args(options)).specs if s.name == "policy_node")
    simulated, real = (node_parameters(shipped_parameters(mode), "policy_node") for mode in ("sim", "real"))
    assert watchdogs(policy.effective_parameters()) == watchdogs(real) != watchdogs(simulated)
