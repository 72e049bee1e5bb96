"""Creates the link for the configured transport."""

from __future__ import annotations

import time
from typing import Callable, Sequence, Union

from wmp_core.a1.link import A1Link
from wmp_core.a1.link_settings import A1LinkSettings
from wmp_core.a1.sdk_link import SdkLink


def create_link(
    settings: A1LinkSettings, joint_names: Sequence[str], clock: Callable[[], float] = time.time
) -> Union[A1Link, SdkLink]:
    """A closed link over ``settings.transport``; arguments as for :class:`wmp_core.a1.link.A1Link`."""
    if settings.transport == "sdk":
        return SdkLink(settings, joint_names, clock)
    return A1Link(settings, joint_names, clock)
