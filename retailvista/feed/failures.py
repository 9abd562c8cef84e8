"""What a feed answers when it cannot do what was asked: a status, a code and words.

OData 4.01 Part 1, chapter 9. Every error of a feed derives from FeedError.
"""

from __future__ import annotations

from retailvista.errors import Refused


class FeedError(Refused):
    """The request to the feed was not fulfilled."""

    status = 400
    code = "BadRequest"

    def __init__(self, message: str = "", target: str = "") -> None:
        super().__init__(message)
        self.target = target


class BadQuery(FeedError):
    """The request cannot be understood; nothing was read."""


class NotThere(FeedError):
    """There is no such thing in this feed."""

    status = 404
    code = "NotFound"


class NotAcceptable(FeedError):
    """None of the formats that were asked for is offered."""

    status = 406
    code = "NotAcceptable"


class WrongMethod(FeedError):
    """A feed is for reading: GET and HEAD."""

    status = 405
    code = "MethodNotAllowed"


class NotIsolated(FeedError):
    """A header asks for one state of all data over many requests."""

    status = 412
    code = "PreconditionFailed"


class NotOffered(FeedError):
    """The standard knows this; this feed does not offer it."""

    status = 501
    code = "NotImplemented"


class TooMuch(FeedError):
    """More rows than can be looked at for one answer; a narrower filter brings them."""

    status = 413
    code = "TooManyRows"


class SourceFailed(FeedError):
    """The system behind a table did not do what was asked; the message is its."""

    status = 502
    code = "SourceFailed"


class LoginGone(SourceFailed):
    """The connector behind a table has to log in again; a person does that."""

    code = "LoginNeeded"


class NotCopied(FeedError):
    """A table that is served from a copy which does not exist yet."""

    status = 503
    code = "NotCopiedYet"
