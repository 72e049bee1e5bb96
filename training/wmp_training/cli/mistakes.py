"""Exceptions that are the user's mistake: ``wmp`` prints them in one line, without traceback, exit code 2."""

from __future__ import annotations

from wmp_core.manifest import BundleError

#: Refused values, missing or damaged files, folders that are not bundles.
MISTAKES = (ValueError, OSError, BundleError)
