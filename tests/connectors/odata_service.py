"""An OData v4 service to put the provider to: one table, one action, pages of two rows.

Logging in is that of the sandbox's Sage, faults and the log are the sandbox's; orders are kept in
memory. /api/svc wants a login (Bearer, or Basic), /api/open wants none.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.server import Sandbox

USER, PASSWORD = "anna", "een wachtwoord: met dubbele punt"
METADATA = b"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Shop">
<EntityType Name="Thing" Abstract="true"><Key><PropertyRef Name="Number"/></Key>
<Property Name="Number" Type="Edm.String" Nullable="false"/></EntityType>
<EntityType Name="Order" BaseType="Shop.Thing">
<Property Name="Amount" Type="Edm.Decimal" Scale="2"/><Property Name="Paid" Type="Edm.Boolean"/>
<Property Name="Made" Type="Edm.DateTimeOffset">
<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
<Property Name="Tags" Type="Collection(Edm.String)"/></EntityType>
<Action Name="Recount"><Parameter Name="Since" Type="Edm.Date"/></Action>
<EntityContainer Name="All"><EntitySet Name="Orders" EntityType="Shop.Order"/>
<ActionImport Name="Recount" Action="Shop.Recount"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
PAGE = 2
ROOTS = re.compile(r"/api/(svc|open)(?=/|$)")
KEY = re.compile(r"Orders\('(.*)'\)", re.DOTALL)
FILTER = re.compile(r"Number eq '(.*)'", re.DOTALL)


class OdataService(Sandbox):
    """The shop's orders."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.orders: dict[str, dict[str, Any]] = {}
        self.metadata = METADATA
        self.recounted: list[Any] = []
        for number in ("1", "2", "3", "4", "5"):
            self._keep({"Number": number, "Amount": int(number) * 1.5, "Paid": False})

    def _carried_out(self, request: Request, number: str | None) -> Answer:
        found = ROOTS.match(request.path)
        if found is None:
            return super()._carried_out(request, number)
        root, path = found.group(0), request.path[found.end() :].lstrip("/")
        if root == "/api/svc" and not self._is_let_in(request):
            return _json(401, {"error": {"code": "login", "message": "Log in first."}})
        if path == "$metadata":
            return Answer(200, self.metadata, [("Content-Type", "application/xml")])
        if path == "":
            return _json(200, {"value": [{"name": "Orders", "url": "Orders"}]})
        if path == "Recount" and request.method == "POST":
            self.recounted.append(json.loads(request.body))
            return Answer(204)
        return self._orders(request, root, path)

    def _is_let_in(self, request: Request) -> bool:
        if request.basic() == (USER, PASSWORD):
            return True
        return self.sage.login.asker(request.bearer() or "") is not None

    def _orders(self, request: Request, root: str, path: str) -> Answer:
        one = KEY.fullmatch(path)
        key = one.group(1).replace("''", "'") if one else ""
        if one and key not in self.orders:
            return _json(404, {"error": {"code": "gone", "message": "There is no such order."}})
        match request.method:
            case "GET" if path == "Orders":
                return self._list(request, root)
            case "GET" if path == "Orders/$count":
                text = str(len(self.orders)).encode()
                return Answer(200, text, [("Content-Type", "text/plain")])
            case "POST" if path == "Orders":
                sent = json.loads(request.body)
                if sent["Number"] in self.orders:
                    return _json(409, {"error": {"code": "used", "message": "It is there."}})
                return _json(201, self._keep(sent))
            case "PATCH" if one:
                return _json(200, self._keep({**self.orders[key], **json.loads(request.body)}))
            case "DELETE" if one:
                del self.orders[key]
                return Answer(204)
        return _json(404, {"error": {"code": "path", "message": "There is nothing here."}})

    def _list(self, request: Request, root: str) -> Answer:
        rows = list(self.orders.values())
        if wanted := request.query.get("$filter"):
            found = FILTER.fullmatch(wanted)
            if found is None:
                return _json(400, {"error": {"code": "filter", "message": "Not understood."}})
            rows = [row for row in rows if row["Number"] == found.group(1).replace("''", "'")]
        start, top = int(request.query.get("$skip", "0")), request.query.get("$top")
        shown = rows[start : start + min(PAGE, int(top or PAGE))]
        value: dict[str, Any] = {"@odata.context": "$metadata#Orders", "value": shown}
        if start + PAGE < len(rows) and top is None:
            value["@odata.nextLink"] = f"{root}/Orders?{quote('$skip')}={start + PAGE}"
        return _json(200, value)

    def _keep(self, row: dict[str, Any]) -> dict[str, Any]:
        kept = {**row, "Made": "2026-03-10T09:00:00Z", "@odata.etag": 'W/"1"'}
        self.orders[row["Number"]] = kept
        return kept


def _json(status: int, value: Any) -> Answer:
    headers = [("Content-Type", "application/json"), ("OData-Version", "4.0")]
    return Answer(status, json.dumps(value).encode(), headers)
