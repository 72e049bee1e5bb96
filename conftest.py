"""Settings that every test needs before the first library reads them."""

import os

import hypothesis

# Small networks and small matrices: a second thread costs more than it brings, and stalls under load.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# ROS graphs of tests stay on this machine, apart from any robot's, and find each other in milliseconds.
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")
os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))

# An example that takes long on a loaded machine is no failure.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
