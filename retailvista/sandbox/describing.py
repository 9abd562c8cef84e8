"""What a service says about itself: `$metadata` (EDMX) and the service document.

Invariant: both are written from the same data as every answer, so they cannot tell another story.
"""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape, quoteattr

from retailvista.sandbox.answers import Answer, Refusal, Request, as_json
from retailvista.sandbox.endpoints import MODELS, Endpoint, children_of, endpoints

EDMX = "http://schemas.microsoft.com/ado/2007/06/edmx"
EDM = "http://schemas.microsoft.com/ado/2006/04/edm"
META = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
APP = "http://www.w3.org/2007/app"
XML_TYPE = ("Content-Type", "application/xml;charset=utf-8")
HEAD = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'


def described(request: Request, resource: str) -> Answer | None:
    """The description that a path asks for, or None when it asks for something else."""
    service, _, last = resource.rpartition("/")
    if last == "$metadata" and _of(service):
        if request.method != "GET":
            raise Refusal(405, "Method not allowed.")
        return Answer(200, metadata(service).encode(), [XML_TYPE])
    named = resource.rstrip("/")
    if named in endpoints() or not _of(named):
        return None
    if request.method != "GET":
        raise Refusal(405, "Method not allowed.")
    if request.wants_json:
        return as_json(200, {"d": {"EntitySets": [e.name for e in _of(named)]}})
    base = f"{request.base}/api/v1/{request.division}/{named}/"
    return Answer(200, _document(named, base).encode(), [XML_TYPE])


@cache
def _services() -> dict[str, list[Endpoint]]:
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints().values():
        found.setdefault(endpoint.service, []).append(endpoint)
    return found


def _of(service: str) -> list[Endpoint]:
    if sum(map(len, _services().values())) != len(endpoints()):
        _services.cache_clear()
    return _services().get(service, [])


def _document(service: str, base: str) -> str:
    sets = "".join(
        f"<collection href={quoteattr(e.name)}><atom:title>{escape(e.name)}</atom:title>"
        "</collection>"
        for e in _of(service)
    )
    return (
        f'{HEAD}<service xml:base={quoteattr(base)} xmlns="{APP}" '
        'xmlns:atom="http://www.w3.org/2005/Atom"><workspace><atom:title>Default</atom:title>'
        f"{sets}</workspace></service>"
    )


def metadata(service: str) -> str:
    """The EDMX of a service."""
    types = "".join(_type(endpoint) for endpoint in _of(service))
    sets = "".join(f'<EntitySet Name="{e.name}" EntityType="{e.type_name}"/>' for e in _of(service))
    return (
        f'{HEAD}<edmx:Edmx Version="1.0" xmlns:edmx="{EDMX}"><edmx:DataServices '
        f'm:DataServiceVersion="2.0" xmlns:m="{META}">'
        f'<Schema Namespace="{MODELS.rstrip(".")}" xmlns="{EDM}">{types}'
        '<EntityContainer Name="DataServiceProvider" m:IsDefaultEntityContainer="true">'
        f"{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(endpoint: Endpoint) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in endpoint.key)
    parts = [
        f'<Property Name="{p.name}" Type="Edm.{p.type}" '
        f'Nullable="{"false" if p.name in endpoint.key else "true"}"/>'
        for p in endpoint.props.values()
        if p.child is None and "." not in p.type
    ]
    parts += [
        f'<NavigationProperty Name="{name}" ToRole="{child.name}"/>'
        for name, child in children_of(endpoint).items()
    ]
    key = f"<Key>{keys}</Key>" if keys else ""
    return f'<EntityType Name="{endpoint.model}">{key}{"".join(parts)}</EntityType>'
