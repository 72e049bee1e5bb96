#!/usr/bin/env bash
# Health check of the robot's container: fails if a node is not running. The container ends with policy_node; the
# robot keeps walking, blind, without the other nodes, and this check makes that visible. Takes a few milliseconds.
set -euo pipefail

for node in wmp_perception/depth_node wmp_perception/world_model_node wmp_controller/policy_node; do
    # The bracket keeps grep from matching its own command line.
    if ! grep --quiet --no-messages "[w]${node#w}" /proc/[0-9]*/cmdline; then
        echo "${node#*/} is not running" >&2
        exit 1
    fi
done
