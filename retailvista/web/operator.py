"""For the operator: /healthz (the process), /readyz (may it serve), /metrics (how is it going).

Health never depends on anything outside the process, readiness never on a provider. Metrics are
for this machine or for who holds RV_METRICS_TOKEN, and never on a company's address.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable

from flask import Blueprint, abort, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from werkzeug.wrappers import Response

from retailvista.config import Settings
from retailvista.web.access import EVERYONE, allow

# What readyz shows: a name and '' when well, else what is wrong.
Readiness = Callable[[], dict[str, str]]
# Name, explanation, value.
Figures = Callable[[], Iterable[tuple[str, str, float]]]


def blueprint(settings: Settings, readiness: Readiness, figures: Figures) -> Blueprint:
    """The three pages, wired to what they look at."""
    pages = Blueprint("operator", __name__)

    @pages.get("/healthz")
    @allow(EVERYONE)
    def healthz() -> Response:
        return jsonify(status="ok")

    @pages.get("/readyz")
    @allow(EVERYONE)
    def readyz() -> tuple[Response, int]:
        found = readiness()
        well = not any(found.values())
        return jsonify(status="ok" if well else "not ready", **found), 200 if well else 503

    @pages.get("/metrics")
    @allow(EVERYONE)
    def metrics() -> Response:
        if not _may_scrape(settings):
            abort(404)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(figures))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return pages


class _Collector:
    """Asks the figures when it is scraped."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge per figure."""
        for name, explanation, value in self._figures():
            gauge = GaugeMetricFamily(f"retailvista_{name}", explanation)
            gauge.add_metric([], value)
            yield gauge


def _may_scrape(settings: Settings) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.metrics_token and hmac.compare_digest(
        sent.encode(), settings.metrics_token.encode()
    ):
        return True
    # A proxy on this machine would make everyone local, so behind one only the token counts.
    if settings.proxy_hops or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
