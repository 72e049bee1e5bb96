#!/usr/bin/env bash
# Health of the robot's container: is every node still running? The end of policy_node ends the container; the
# robot goes on without the others, blind, and this is how one notices from outside. Costs a few milliseconds.
set -euo pipefail

for node in wmp_perception/depth_node wmp_perception/world_model_node wmp_controller/policy_node; do
    # The bracket keeps grep from finding its own command line.
    if ! grep --quiet --no-messages "[w]${node#w}" /proc/[0-9]*/cmdline; then
        echo "${node#*/} is not running" >&2
        exit 1
    fi
done
