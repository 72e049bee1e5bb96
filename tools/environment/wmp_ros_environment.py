"""Start-up hook of the virtual environment: tells ROS 2 where it is installed.

`tools/setup_environment.py` copies it next to the packages, with a `.pth` file that imports it, so that
every Python of the environment finds its messages and type support without anything being sourced.
"""

import os
import sys

_found = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
_others = [path for path in _found if path not in ("", sys.prefix)]
os.environ["AMENT_PREFIX_PATH"] = os.pathsep.join([sys.prefix, *_others])
