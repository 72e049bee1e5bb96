"""What can be wrong with the files that a user names; each message says what was found and what to do."""

from wmp_recording.storage.errors import BagError

__all__ = [
    "BagError",
    "BaselineError",
    "BundleNotFoundError",
    "EngineError",
    "ReplayError",
    "ThresholdError",
    "UnusableReferenceError",
]


class ReplayError(RuntimeError):
    """Base of this package's errors: shown to the user in one line, without traceback."""


class BundleNotFoundError(ReplayError):
    """The bundle that a bag names is not on this machine."""


class UnusableReferenceError(ReplayError):
    """A reference that cannot be read or made, or that belongs to another bundle."""


class ThresholdError(ReplayError):
    """Thresholds that cannot be used: names the key, its value and what is allowed."""


class BaselineError(ReplayError):
    """The baseline cannot be read."""


class EngineError(ReplayError):
    """The engine is not installed."""
