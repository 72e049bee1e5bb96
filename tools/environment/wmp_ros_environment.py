"""Start-up hook of the virtual environment: sets the location of ROS 2.

`tools/setup_environment.py` copies it into site-packages, with a `.pth` file that imports it. Every Python of
the environment then finds messages and type support with nothing sourced.
"""

import os
import sys

_found = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
_others = [path for path in _found if path not in ("", sys.prefix)]
os.environ["AMENT_PREFIX_PATH"] = os.pathsep.join([sys.prefix, *_others])
