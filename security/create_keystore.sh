#!/usr/bin/env bash
# Creates keys, certificates and signed permissions for every node of the graph.
#
#   security/create_keystore.sh [KEYSTORE]        default: ~/.ros/wmp_keystore
#
# Needs a ROS 2 installation with `ros2 security` (package sros2). The permissions are valid for one domain:
# set ROS_DOMAIN_ID to the graph's before running this. An existing keystore keeps its keys and gets new
# permissions.
set -euo pipefail

policy="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/policy.xml"
keystore="${1:-$HOME/.ros/wmp_keystore}"

if ! command -v ros2 >/dev/null; then
    echo "create_keystore: the command ros2 was not found; source a ROS 2 installation (the pip set-up has no security)" >&2
    exit 2
fi

umask 077 # private keys
ros2 security generate_artifacts --keystore-root-path "$keystore" --policy-files "$policy"

cat <<END
keystore: $keystore (domain ${ROS_DOMAIN_ID:-0})

Keep $keystore/private on this machine: with it anybody can add nodes to the graph.
The robot needs $keystore/public and, from $keystore/enclaves, the governance files and the folders of its nodes.
Then, in every terminal that starts a node:

  export ROS_SECURITY_KEYSTORE=$keystore
  export ROS_SECURITY_ENABLE=true
  export ROS_SECURITY_STRATEGY=Enforce
END
