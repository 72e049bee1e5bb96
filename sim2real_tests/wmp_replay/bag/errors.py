"""What can be wrong with a recording."""


class BagError(RuntimeError):
    """A recording from which nothing can be replayed: says what was found, what is missing, what to do."""
