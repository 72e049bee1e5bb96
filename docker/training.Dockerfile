# Training, on x86-64. The wheels of torch bring CUDA 13: the base image has none, and the host needs only the
# driver (580 or later) and NVIDIA's container toolkit.
# Built from the repository's root: docker compose -f docker/compose.yaml build training
FROM python:3.12-slim-bookworm
# git: an exported bundle names the commit that trained it. No pinned versions: Debian keeps only the newest build
# of a package.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

# torch and CUDA, several gigabytes, in a layer that is rebuilt only when a requirement changes.
WORKDIR /opt/wmp
COPY requirements requirements
RUN pip install --constraint requirements/constraints.txt \
        --requirement requirements/runtime.txt --requirement requirements/sim.txt \
        --requirement requirements/training.txt \
    && pip install --no-deps --requirement requirements/training_no_deps.txt

# Training needs no ROS and only these packages of the workspace. They are installed editable: compose.yaml mounts
# a checkout here, which then runs.
COPY ros2_ws/src/wmp_core ros2_ws/src/wmp_core
COPY ros2_ws/src/wmp_sim ros2_ws/src/wmp_sim
COPY ros2_ws/src/wmp_bringup ros2_ws/src/wmp_bringup
COPY ros2_ws/src/wmp_cli ros2_ws/src/wmp_cli
COPY training training
RUN pip install --no-deps --editable ros2_ws/src/wmp_core --editable ros2_ws/src/wmp_sim \
        --editable ros2_ws/src/wmp_bringup --editable ros2_ws/src/wmp_cli --editable training \
    && git config --system --add safe.directory /opt/wmp \
    && install --directory --owner=1000 --group=1000 /runs /home/wmp

ENV HOME=/home/wmp NUMBA_CACHE_DIR=/tmp/numba
USER 1000:1000
WORKDIR /runs
ENTRYPOINT ["wmp"]
CMD ["train", "--help"]
