"""What can be wrong with a recording as a whole."""


class BagError(RuntimeError):
    """The recording does not exist or cannot be used; the message says what was found and what to do."""
