# Training, for x86-64. The torch wheels bring CUDA 13, so the base image needs none; the host needs only the driver
# (580 or later) and the NVIDIA Container Toolkit.
# Build from the repository root: docker compose -f docker/compose.yaml build training
FROM python:3.12-slim-bookworm
# git: an exported bundle records the commit it was trained from. Debian keeps only the newest build of a package,
# so a pinned version would soon be unavailable.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

# torch and CUDA (several GB) in a layer of their own, rebuilt only when a requirement changes.
WORKDIR /opt/wmp
COPY requirements requirements
RUN pip install --constraint requirements/constraints.txt \
        --requirement requirements/runtime.txt --requirement requirements/sim.txt \
        --requirement requirements/training.txt \
    && pip install --no-deps --requirement requirements/training_no_deps.txt

# Training needs no ROS, but the wmp command imports the Python packages of the workspace. They are installed editable:
# the checkout that compose.yaml mounts here is the code that runs, and its commit goes into the bundle.
COPY ros2_ws/src ros2_ws/src
COPY training training
RUN pip install --no-deps --editable ros2_ws/src/wmp_core --editable ros2_ws/src/wmp_ros \
        --editable ros2_ws/src/wmp_perception --editable ros2_ws/src/wmp_controller --editable ros2_ws/src/wmp_sim \
        --editable ros2_ws/src/wmp_recording --editable ros2_ws/src/wmp_viewer \
        --editable ros2_ws/src/wmp_bringup --editable ros2_ws/src/wmp_cli \
        --editable training \
    && git config --system --add safe.directory /opt/wmp \
    && install --directory --owner=1000 --group=1000 /runs /home/wmp

ENV HOME=/home/wmp NUMBA_CACHE_DIR=/tmp/numba
USER 1000:1000
WORKDIR /runs
ENTRYPOINT ["wmp"]
CMD ["train", "--help"]
