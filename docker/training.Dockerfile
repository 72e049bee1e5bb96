# Training. torch's own wheels bring CUDA 13, so the base needs none, and the host only the driver (580 or later)
# and NVIDIA's container toolkit. x86-64.
# Built from the repository's root: docker compose -f docker/compose.yaml build training
FROM python:3.12-slim-bookworm
# git: an exported bundle names the commit that trained it. Debian keeps only the newest build of a package, so
# a version written here would soon not be found.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

# torch and CUDA, some gigabytes, in a layer that only a changed requirement rebuilds.
WORKDIR /opt/wmp
COPY requirements requirements
RUN pip install --constraint requirements/constraints.txt \
        --requirement requirements/runtime.txt --requirement requirements/sim.txt \
        --requirement requirements/training.txt \
    && pip install --no-deps --requirement requirements/training_no_deps.txt

# Training needs no ROS: of the workspace only the library, the simulated robot and the wmp command. Installed
# editable, so that a checkout mounted here (compose.yaml does) is what runs, with its commit.
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
