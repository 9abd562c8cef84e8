"""Every endpoint in every form it has answers, and a new one is added by data alone.

Sources: Exact's REST reference as recorded by open clients in 2025 (names, types, methods, page
sizes); "API types" for regular, bulk and sync; "Tips and tricks" for page sizes.
"""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from retailvista.sandbox.endpoints import add_endpoints, catalogue, endpoints
from tests.sandbox.visitor import GROENHOF, Visitor

FORMS = [(name, path) for name, paths in catalogue().seed.items() for path in paths]
POSTING = [
    path
    for path, endpoint in endpoints().items()
    if endpoint.table != "function" and path not in {place for _, place in FORMS}
]


def listed(visitor: Visitor, path: str, **more: Any) -> Any:
    """The list of an endpoint, asked for as its form wants it."""
    endpoint = endpoints()[path]
    options: dict[str, Any] = dict(more)
    if endpoint.sync:
        options.setdefault("filter", "Timestamp gt 1")
    if endpoint.kind == "bulk":
        options.setdefault("select", ",".join(endpoint.key))
    if endpoint.mandatory_filter:
        name = endpoint.mandatory_filter[0]
        options.setdefault("filter", f"{name} ne null")
    return visitor.get(path, **options)


def test_there_are_fifty_eight_in_all_their_forms() -> None:
    assert len(catalogue().seed) == 58
    assert len(FORMS) == 113
    assert {path for _, path in FORMS} <= endpoints().keys()


@pytest.fixture(scope="module")
def open_visitor(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from retailvista.sandbox.server import Sandbox
    from tests.conftest import TestClock
    from tests.sandbox.visitor import CALLBACK, CLIENT_ID, SECRET

    path = tmp_path_factory.mktemp("forms") / "forms.sqlite"
    with Sandbox(path, clock=TestClock(), settings={"limits": False}) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Visitor(running).log_in()
        visitor.book(visitor.line("1210", 10), visitor.line("1205", -10))
        yield visitor


@pytest.mark.parametrize("path", [path for _, path in FORMS] + POSTING)
def test_every_form_answers(open_visitor: Visitor, path: str) -> None:
    endpoint = endpoints()[path]
    if path == "current/Me":
        reply = open_visitor.ask("GET", "/api/v1/current/Me", None, open_visitor.headers)
    else:
        reply = listed(open_visitor, path)
    assert reply.status == 200, reply.body
    if endpoint.kind != "bulk":
        shown = {p.name for p in endpoint.props.values() if p.child is None}
        assert all(shown <= row.keys() for row in reply.rows)
    for row in reply.rows[:1]:
        assert row["__metadata"]["type"] == endpoint.type_name
        one = row["__metadata"]["uri"][len(open_visitor.sandbox.url) :]
        found = open_visitor.ask("GET", one, None, open_visitor.headers)
        assert found.status == 200, (one, found.body)
    wrong = open_visitor.get(path.swapcase())
    assert wrong.status == 404, "paths are case-sensitive (wrong case gave 404 to others)"


@pytest.mark.parametrize("path", sorted(endpoints()))
def test_methods_are_those_of_the_reference(open_visitor: Visitor, path: str) -> None:
    endpoint = endpoints()[path]
    for method in {"POST", "PUT", "DELETE"} - set(endpoint.methods):
        division = "" if path == "current/Me" else f"{GROENHOF}/"
        reply = open_visitor.ask(method, f"/api/v1/{division}{path}", "{}", open_visitor.headers)
        assert reply.status == 405, (method, reply.body)


def test_a_service_describes_itself(open_visitor: Visitor) -> None:
    services = {endpoint.service for endpoint in endpoints().values() if endpoint.table != "me"}
    edm = "{http://schemas.microsoft.com/ado/2006/04/edm}"
    for service in sorted(services):
        reply = open_visitor.get(f"{service}/$metadata")
        assert reply.headers["Content-Type"].startswith("application/xml")
        tree = etree.fromstring(reply.body)
        sets = {node.get("Name") for node in tree.iter(f"{edm}EntitySet")}
        assert sets == {e.name for e in endpoints().values() if e.service == service}
        plain = {"Authorization": f"Bearer {open_visitor.token}"}
        document = open_visitor.ask("GET", f"/api/v1/{GROENHOF}/{service}/", None, plain)
        assert etree.fromstring(document.body).tag.endswith("service")
    found = open_visitor.get("financial/").json["d"]["EntitySets"]
    assert "GLAccounts" in found


def test_every_list_is_atom_without_accept(open_visitor: Visitor) -> None:
    plain = {"Authorization": f"Bearer {open_visitor.token}"}
    for path in (
        "crm/Accounts?$filter=ID%20ne%20null",
        "logistics/Items?$top=1&$filter=Code%20ne%20null",
        *("payroll/Employees", "sync/CRM/Contacts"),
    ):
        reply = open_visitor.ask("GET", f"/api/v1/{GROENHOF}/{path}", None, plain)
        assert reply.headers["Content-Type"].startswith("application/atom+xml"), path
        tree = etree.fromstring(reply.body)
        assert list(tree.iter("{http://www.w3.org/2005/Atom}entry"))


SNIPPET: dict[str, Any] = {
    "endpoints": [
        {
            "path": "crm/AccountClasses",
            "service": "CRM",
            "kind": "regular",
            "methods": ["GET", "POST", "PUT", "DELETE"],
            "scope": "Crm accounts",
            "webhook": False,
            "props": {
                "ID": "Guid KGPUD",
                "Code": "String MGPU",
                "CreditManagementScenario": "Guid GPU",
                "Description": "String MGPU",
                "Division": "Int32 G",
                "Modified": "DateTime G",
            },
        },
        {
            "path": "sync/CRM/AccountClasses",
            "service": "Sync",
            "kind": "sync",
            "methods": ["GET"],
            "scope": "Crm accounts",
            "webhook": False,
            "props": {
                "Timestamp": "Int64 KG",
                "Code": "String G",
                "Description": "String G",
                "ID": "Guid G",
            },
        },
    ]
}


def test_an_endpoint_is_added_by_data_alone(visitor: Visitor) -> None:
    path = "crm/AccountClasses"
    assert visitor.get(path).status == 404
    add_endpoints(SNIPPET)
    try:
        made = visitor.post(path, {"Code": "A", "Description": "Vaste klanten", "Division": 7})
        assert made.status == 201
        key = made.json["d"]["ID"]
        assert made.json["d"]["Division"] == GROENHOF, "read-only: silently ignored"
        where = f"/api/v1/{GROENHOF}/{path}(guid'{key}')"
        put = visitor.ask("PUT", where, '{"Description": "Vast"}', visitor.headers)
        assert (put.status, put.body) == (204, b"")
        assert visitor.get(path, filter="Code eq 'a'").rows[0]["Description"] == "Vast"
        assert visitor.get(f"sync/{path.replace('crm', 'CRM')}").rows[0]["ID"] == key
        assert visitor.post(path, {"Code": "A"}).says == (
            "Verplicht: Omschrijving\r\nGegeven bestaat reeds."
        )
        assert b"AccountClasses" in visitor.get("crm/$metadata").body
        assert visitor.ask("DELETE", where, None, visitor.headers).status == 204
        assert visitor.get(path).rows == []
    finally:
        for endpoint in SNIPPET["endpoints"]:
            catalogue().paths.pop(endpoint["path"])
    assert visitor.get(path).status == 404
