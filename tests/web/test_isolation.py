"""Every route with every role: a thing of another company is answered like one that is not there.

The table is made from the app's own routes; a new route with a place in it and without an example
here fails, and so does a view that does not say who may see it.
"""

from __future__ import annotations

import json

import pytest
from sqlalchemy import MetaData, create_engine

from retailvista.web.access import access_of
from retailvista.web.tenancy import ASSETS
from tests.web.filling import FILES, a_receipt, fill, fingerprints
from tests.web.site import build

CANARY = "Canarium"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("administrator", "bookkeeper", "viewer", "")
NUMBER = {"number": ("1", "3", "99")}
RECEIPT = {"store": ("1", "B7", "zz"), "register": ("1", "1", "1"), "nr": ("1", "1", "1")}
SCHEDULE = NUMBER | {"schedule": ("1", "1", "1")}
FEED = {"feed": ("sales", "canarium-0", "zz")}
TABLE = NUMBER | {"alias": ("Journals", "Journals", "Journals")}
FOR_PROGRAMS = ("api.", "odata.")

# Per rule without its method: what is ours, what is the other company's, what nobody has.
EXAMPLES: dict[str, dict[str, tuple[str, str, str]]] = {
    "/companies/<int:number>": {"number": ("1", "2", "99")},
    "/stores/<code>": {"code": ("1", "B7", "zz")},
    "/users/<email>/role": {"email": ("viewer@groenhof.nl", "viewer@bloemhof.nl", "x@groenhof.nl")},
    "/users/<email>/remove": {
        "email": ("viewer@groenhof.nl", "viewer@bloemhof.nl", "x@groenhof.nl")
    },
    "/store-days/<store>/<on>/close": {
        "store": ("1", "B7", "zz"),
        "on": ("2026-03-10", "2026-03-10", "2026-03-10"),
    },
    "/journals/<int:number>/lines/<int:line>": NUMBER | {"line": ("1", "1", "1")},
    "/receipts/<store>/<register>/<nr>": RECEIPT,
    "/schedules/<int:number>/<kind>": NUMBER | {"kind": ("export", "export", "export")},
    "/profile/tokens/<int:number>/revoke": NUMBER,
    "/till-files/<fingerprint>": {"fingerprint": ("", "", "0123456789abcdef")},
    # The address of a notice is known to the provider alone: none of these is one.
    "/webhooks/<token>": {"token": ("one", "two", "three")},
    "/connectors/<int:number>/webhooks/<int:subscription>/end": NUMBER
    | {"subscription": ("1", "1", "99")},
    "/flows/<int:number>/schedules/<int:schedule>": SCHEDULE,
    "/flows/<int:number>/schedules/<int:schedule>/switch": SCHEDULE,
    "/flows/<int:number>/schedules/<int:schedule>/delete": SCHEDULE,
    "/feeds/<int:number>/tables/<alias>": TABLE,
    "/feeds/<int:number>/tables/<alias>/remove": TABLE,
    "/feeds/<int:number>/tables/<alias>/preview": TABLE,
    "/feeds/<int:number>/tables/<alias>/serve": TABLE,
    "/odata/<feed>": FEED,
    "/odata/<feed>/": FEED,
    "/odata/<feed>/<path:rest>": FEED | {"rest": ("Journals(1)", "Journals(3)", "Journals(99)")},
    **dict.fromkeys(
        (
            "/connectors/<int:number>",
            "/connectors/<int:number>/endpoints",
            "/flows/<int:number>/check",
            "/connectors/<int:number>/webhooks",
            "/connectors/<int:number>/status",
            "/connectors/<int:number>/test",
            "/connectors/<int:number>/division",
            "/connectors/<int:number>/automatic",
            "/connectors/<int:number>/resume",
            "/connectors/<int:number>/prove",
            "/connectors/<int:number>/disconnect",
            "/connectors/<int:number>/delete",
            "/connectors/<int:number>/dependencies",
            "/connectors/<int:number>/copy",
            "/connectors/<int:number>/activities/new",
            "/connectors/<int:number>/activities/refresh",
            "/connectors/<int:number>/oauth",
            "/connectors/<int:number>/login-result",
            "/feeds/<int:number>",
            "/feeds/<int:number>/add",
            "/feeds/<int:number>/tables",
            "/feeds/<int:number>/permissions",
            "/feeds/<int:number>/remove",
            "/journals/<int:number>",
            "/journals/<int:number>/build-again",
            "/journals/<int:number>/decide",
            "/journals/<int:number>/reverse",
            "/journals/<int:number>/withdraw",
            "/flows/<int:number>",
            "/flows/<int:number>/change",
            "/flows/<int:number>/clone",
            "/flows/<int:number>/delete",
            "/flows/<int:number>/export",
            "/flows/<int:number>/fetch",
            "/flows/<int:number>/schedules",
            "/flows/<int:number>/switch",
            "/inbox/<int:number>",
            "/runs/<int:number>",
            "/runs/<int:number>/body",
            "/runs/<int:number>/stop",
        ),
        NUMBER,
    ),
}
FIELDS = {
    "reason": "a good reason", "how": "try_again", "role": "viewer", "division": "1",
    "automatic": "yes", "enabled": "no", "name": "X", "consent": "yes", "disabled": "yes",
    "what": "skip", "number": "3", "press": "look", "when_how": "every", "when_minutes": "60",
    "table": "Runs",
}  # fmt: skip


def places(site) -> dict[str, dict[str, tuple[str, str, str]]]:
    """The examples, with the fingerprints that are only known at run time."""
    own, foreign = fingerprints(site, "groenhof"), fingerprints(site, "bloemhof")
    register, nr = a_receipt(site, "groenhof")
    found = dict(EXAMPLES)
    found["/receipts/<store>/<register>/<nr>"] = {
        "store": ("1", "B7", "zz"), "register": (register,) * 3, "nr": (nr,) * 3,
    }  # fmt: skip
    found["/till-files/<fingerprint>"] = {"fingerprint": (own[0], foreign[-1], "0123456789abcdef")}
    return found


def urls(rule: str, example: dict[str, tuple[str, str, str]], which: int) -> str:
    for name, values in example.items():
        rule = rule.replace(f"<int:{name}>", values[which]).replace(f"<{name}>", values[which])
        rule = rule.replace(f"<path:{name}>", values[which])
    assert "<" not in rule, f"no example for every place of {rule}"
    return rule


def everything_of(site, alias: str) -> str:
    """All rows of a company, as text."""
    session = site.outside.sessions()
    url = session.get_bind().url
    session.close()
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    rows = []
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            if "company_id" in table.columns and table.name != "session":
                query = table.select().where(table.c.company_id == site.companies[alias])
                rows += [(table.name, str(tuple(row))) for row in connection.execute(query)]
    engine.dispose()
    return json.dumps(rows)


def test_every_view_says_who_may_see_it(site):
    for rule in site.app.url_map.iter_rules():
        assert access_of(site.app, rule.endpoint)


def test_every_route_with_a_place_has_an_example(site):
    with_place = {
        rule.rule
        for rule in site.app.url_map.iter_rules()
        if rule.arguments and rule.endpoint not in ASSETS
    }
    assert with_place == set(EXAMPLES)


@pytest.mark.statement("R-14")
@pytest.mark.parametrize("role", ROLES)
def test_foreign_is_answered_like_missing(tmp_path, clock, role):
    site = build(tmp_path, clock)
    fill(site)
    assert len(FILES) == 3
    before = everything_of(site, "bloemhof")
    browser = site.browser("groenhof", f"{role}@groenhof.nl" if role else "")
    for rule, example in places(site).items():
        for method in METHODS:
            foreign, missing = (
                answer_of(browser, method, urls(rule, example, which)) for which in (1, 2)
            )
            assert foreign == missing, f"{method} {rule}"
            assert foreign[0] in (303, 401, 403, 404, 405), f"{method} {rule}: {foreign[0]}"
            if rule.startswith("/odata/"):  # a login is none for programs
                assert foreign[0] == 401, f"{method} {rule}: {foreign[0]}"
                continue
            if role == "administrator" and foreign[0] != 405:
                assert foreign[0] == 404, f"{method} {rule}: {foreign[0]}"
    assert everything_of(site, "bloemhof") == before


def answer_of(browser, method: str, url: str) -> tuple[int, str]:
    answer = browser.post(url, **FIELDS) if method == "POST" else browser.send(method, url)
    return answer.status_code, answer.text


@pytest.mark.statement("R-14")
@pytest.mark.parametrize("role", ROLES[:3])
def test_no_page_shows_anything_of_another_company(tmp_path, clock, role):
    site = build(tmp_path, clock)
    fill(site)
    browser = site.browser("groenhof", f"{role}@groenhof.nl")
    for rule in site.app.url_map.iter_rules():
        if (
            "GET" not in rule.methods
            or rule.endpoint in ASSETS
            or rule.endpoint.startswith(FOR_PROGRAMS)
        ):
            continue
        url = urls(rule.rule, places(site).get(rule.rule, {}), 0)
        answer = browser.get(url)
        # The end of a login that never began leads nowhere.
        allowed = (
            (404, 403)
            if "oauth.ashx" in url or "login-result" in url
            else (200, 302, 303, 403, 409)
        )
        assert answer.status_code in allowed, f"{url}: {answer.status_code}"
        for word in ("Bloemhof", "bloemhof.nl", "Canarium winkel"):
            assert word not in answer.text, url
