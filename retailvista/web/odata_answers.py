"""Answers of the feeds as responses: headers as the standard has them, the body in pieces."""

from __future__ import annotations

from werkzeug.wrappers import Response

from retailvista.feed.answering import Answer, failed

CODES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests"}
CHALLENGE = 'Basic realm="RetailVista", charset="UTF-8"'
WAIT_SECONDS = 60


def response_of(answer: Answer) -> Response:
    """The response; without a body it has no type either."""
    response = Response(answer.body, answer.status, answer.headers)
    if answer.status == 204:
        del response.headers["Content-Type"]
    return response


def failure(status: int, message: str, wait_seconds: int = WAIT_SECONDS) -> tuple[Response, int]:
    """A refusal that was decided outside of the feed, in the feed's words."""
    code = CODES.get(status, "ServiceUnavailable" if status >= 500 else "BadRequest")
    response = response_of(failed(status, code, message))
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if status in (429, 503):
        response.headers["Retry-After"] = str(wait_seconds)
    return response, status
