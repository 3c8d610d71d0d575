"""The one family of errors that ris raises on purpose.

Every error says in its message what happened, what was expected and what arrived, and in its hint
one thing that the person can do. The command line prints both; the pages show both.
"""


class RisError(Exception):
    """Something went wrong that a person can understand and act on.

    Args:
        message: What happened, what was expected, what arrived.
        hint: One thing that the person can do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PictureError(RisError):
    """A file is not a picture that ris can read; the message is the reason a person sees."""


class SourceError(RisError):
    """A source of pictures (folder, archive, data set) can't be used."""


class StoreError(RisError):
    """A collection is missing, damaged, or in a state that does not allow the request."""


class NewerError(StoreError):
    """A collection was written by a newer version of ris."""


class BusyError(RisError):
    """Somebody else is writing to the collection, or a job of it already runs."""


class Cancelled(RisError):
    """The person gave up a running job; nothing more was published."""
