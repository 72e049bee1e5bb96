# The runtime on a ROS 2 installation: Humble for the robot's Jetson, Jazzy for a desktop.
# Built from the repository's root: docker compose -f docker/compose.yaml build robot
ARG ROS_DISTRO=humble
ARG UBUNTU=jammy

# Compiler, colcon and pip stay in this stage.
FROM ros:${ROS_DISTRO}-ros-base-${UBUNTU} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# No pinned versions: Ubuntu and ROS keep only the newest build of a package.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip \
    && rm -rf /var/lib/apt/lists/*

# Python packages in a separate folder, ahead of Ubuntu's on the path: the two do not conflict.
WORKDIR /src
COPY requirements/constraints.txt requirements/sim.txt requirements/bag.txt requirements/view.txt \
    requirements/
COPY docker/requirements_ros.txt docker/
RUN pip install --no-cache-dir --no-compile --target /opt/wmp/python \
    --constraint requirements/constraints.txt \
    --requirement docker/requirements_ros.txt --requirement requirements/sim.txt --requirement requirements/bag.txt \
    --requirement requirements/view.txt

COPY ros2_ws/src ros2_ws/src
WORKDIR /src/ros2_ws
RUN source "/opt/ros/${ROS_DISTRO}/setup.bash" \
    && colcon build --merge-install --install-base /opt/wmp/install --cmake-args -DBUILD_TESTING=OFF

FROM ros:${ROS_DISTRO}-ros-core-${UBUNTU}
# pyrealsense2 needs libusb.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libusb-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/wmp/python /opt/wmp/python
COPY --from=build /opt/wmp/install /opt/wmp/install
COPY security /opt/wmp/security
COPY docker/entrypoint.sh docker/nodes_alive.sh /opt/wmp/bin/

ENV PYTHONPATH=/opt/wmp/python \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    HOME=/home/wmp \
    WMP_BUNDLE=/opt/wmp/models/a1_wmp_v1
RUN install --directory --owner=1000 --group=1000 /home/wmp /bags
USER 1000:1000
WORKDIR /home/wmp
ENTRYPOINT ["/opt/wmp/bin/entrypoint.sh"]
CMD ["wmp", "--help"]
