"""What a user of training can get wrong: ``wmp`` says it in one line, exit code 2, without a traceback."""

from __future__ import annotations

from wmp_core.bundle import BundleError

#: Values that are refused, files that are missing or damaged, bundles that are none.
MISTAKES = (ValueError, OSError, BundleError)
