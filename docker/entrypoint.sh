#!/usr/bin/env bash
# Sources ROS 2 and the workspace, then replaces itself with the command.
set -eo pipefail # not -u: the ROS setup scripts read variables that may be unset

# By default, nodes communicate on this machine only. Humble reads the first variable, Jazzy prefers the second.
if [[ $ROS_DISTRO == humble ]]; then
    export ROS_LOCALHOST_ONLY="${ROS_LOCALHOST_ONLY:-1}"
else
    export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
fi

source "/opt/ros/$ROS_DISTRO/setup.bash"
source /opt/wmp/install/local_setup.bash
exec "$@"
