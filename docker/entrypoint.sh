#!/usr/bin/env bash
# Sources the ROS 2 installation and the workspace, then runs the command.
set -eo pipefail # no -u: the set-up scripts of ROS read variables that may be unset

# By default the graph stays on this machine. Humble reads the first variable, Jazzy prefers the second.
if [[ $ROS_DISTRO == humble ]]; then
    export ROS_LOCALHOST_ONLY="${ROS_LOCALHOST_ONLY:-1}"
else
    export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
fi

source "/opt/ros/$ROS_DISTRO/setup.bash"
source /opt/wmp/install/local_setup.bash
exec "$@"
