"""What a request shows by itself of Exact's customs broken, whatever the answer will be.

Invariant: nothing here changes the answer; it only tells the judge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retailvista.sandbox.endpoints import endpoints

if TYPE_CHECKING:
    from retailvista.sandbox.answers import Request
    from retailvista.sandbox.judge import Judge

SECRETS = ("access_token", "refresh_token", "client_secret", "code_verifier")
# "2026-03-31T00:00:00Z" or "...+02:00" as a whole value of a body.
ZONED = re.compile(rb'"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)"')
TEXT_SHOWN = 60


def watch(judge: Judge, request: Request, resource: str) -> None:
    """Tell the judge of what can be seen before anything is done."""
    query = request.query
    for name in SECRETS:
        if name in query:
            judge.find("secret-in-url", request, name)
    if query.get("$select", "").strip() == "*":
        judge.find("select-star", request, "$select=*")
    if "$skip" in query:
        judge.find("skip-used", request, f"$skip={query['$skip'][:TEXT_SHOWN]}")
    if "http:/" in resource or "https:/" in resource:
        judge.find("next-not-followed", request, resource[:TEXT_SHOWN])
    if "&$" in resource:
        judge.find("no-question-mark", request, resource[:TEXT_SHOWN])
    if resource.endswith("$batch"):
        judge.find("batch-used", request, resource[:TEXT_SHOWN])
    if request.method in ("POST", "PUT") and request.body:
        _watch_body(judge, request)


def watch_missing(judge: Judge, request: Request, resource: str) -> None:
    """A 404 whose path exists in another spelling."""
    path = re.split(r"[(?]", resource, maxsplit=1)[0].lower()
    for known in endpoints():
        if known.lower() == path and known != re.split(r"[(?]", resource, maxsplit=1)[0]:
            judge.find("wrong-case", request, f"It is {known}.")
            return


def _watch_body(judge: Judge, request: Request) -> None:
    zoned = ZONED.search(request.body)
    if zoned:
        judge.find("date-with-zone", request, zoned[0].decode("latin-1"))
    if "json" not in request.headers.get("content-type", ""):
        judge.find("no-content-type", request, request.headers.get("content-type", "")[:TEXT_SHOWN])
