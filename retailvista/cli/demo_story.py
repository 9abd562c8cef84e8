"""What happens in the demo, scene by scene; each does nothing where it was done before.

The export is not called: journals are released and the connector's schedule is due, so the engine
of this very process sends them. The login goes through the real redirects, form by form.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.cli.demo_browser import Browser
from retailvista.cli.demo_cast import CONNECTOR, EXACT, TILL_FILES, Link, Part
from retailvista.cli.demo_place import EMAIL
from retailvista.companies import people, registering
from retailvista.companies.addresses import callback_url, public_url
from retailvista.companies.scope import company_scope
from retailvista.config import Settings
from retailvista.connectors import grants
from retailvista.connectors import registering as connectors
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.registry import provider_named
from retailvista.errors import Refused
from retailvista.journals import building, importing, links, listing, releasing
from retailvista.runs.asking import ask, run_by_number
from retailvista.runs.models import ENDED, Run, Schedule
from retailvista.scheduler.fetching import fetch_missing_masters

LOOK_SECONDS = 0.2
SANDBOX_PASSWORD = "sandbox"
ACTOR = EMAIL


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the scenes play."""

    settings: Settings
    outside: Outside
    password: str
    sandbox_url: str
    sandbox_file: str

    def say(self, part: Part, text: str) -> None:
        """A line of progress."""
        click.echo(f"  {part.alias:<10} {text}")


def set_the_stage(stage: Stage, session: Session, part: Part) -> int:
    """Company, store and person; the company's id."""
    with database.reading(session):
        company = registering.company_by_alias(session, part.alias)
    if company is None:
        company = registering.add_company(
            session,
            part.number,
            part.name,
            part.alias,
            [part.licence],
            [EMAIL],
            post_from=part.post_from,
            actor=ACTOR,
            language=part.language,
            country=part.country,
        )
        stage.say(part, f"company {part.number} at {public_url(stage.settings, part.alias)}")
    with company_scope(company.id):
        with database.reading(session):
            known = {store.code for store in registering.stores_of(session)}
            members = {user.email for user, _role in people.members(session)}
        if "1" not in known:
            registering.add_store(
                session,
                "1",
                f"{part.name} 1",
                part.currency,
                part.zone,
                part.country,
                rounding_step=part.rounding_step,
                actor=ACTOR,
            )
        if EMAIL not in members:
            people.add_user(
                session, EMAIL, "administrator", stage.password, "Demo", "Retail", actor=ACTOR,
                language=part.language,
            )  # fmt: skip
    return company.id


def connect(stage: Stage, session: Session, part: Part) -> None:
    """Connector 25: registered at the sandbox, saved, logged in, division and journal chosen.

    Served on another port than the last time it has another callback, which is registered too.
    """
    with database.reading(session):
        row = _connector(session)
        state = grants.login_state(session, row).kind if row is not None else "none"
    callback = callback_url(stage.settings, part.alias, CONNECTOR)
    if row is None or row.draft or row.callback_url != callback:
        _register(stage, session, part, row)
    if state not in ("connected", "checking"):
        _log_in(stage, part)
    with database.reading(session):
        row = _connector(session)
    assert row is not None, "the connector was saved a moment ago"
    if row.division != part.division:
        row = connectors.choose_division(session, CONNECTOR, part.division, ACTOR)
        stage.say(part, f"division {part.division} {row.division_name} ({row.division_currency})")
    if row.journal_code != part.journal_code:
        _save(stage, session, {"journal_code": part.journal_code})
        fetch_missing_masters(stage.outside)
        stage.say(part, f"journal {part.journal_code}; accounts, VAT codes and periods fetched")


def read_till_files(stage: Stage, session: Session, part: Part) -> None:
    """Import, and Initialise before and after: it proposes for what the files use."""
    proposed = len(links.initialise(session, ACTOR).added)
    for name in part.files:
        with (TILL_FILES / name).open("rb") as stream:
            done = importing.import_till_file(session, name, stream, None, ACTOR)
        stage.say(part, f"{name}: {done.receipts} receipts, {done.new} new, {done.known} known")
    proposed += len(links.initialise(session, ACTOR).added)
    set_links(session, part.links)
    stage.say(part, f"Initialise proposed {proposed} ledger links; {len(part.links)} set by hand")


def build_and_release(stage: Stage, session: Session, part: Part) -> None:
    """Build; what is held is shown, decided upon and built; then everything is released."""
    held = _build(stage, session, part)
    open_decisions = [one for one in part.decisions if one.code in _undecided(session)]
    if held and open_decisions:
        for link in open_decisions:
            stage.say(part, f"DECISION payment type {link.code} -> {link.gl}: {link.why}")
        set_links(session, open_decisions)
        _build(stage, session, part)
    done = releasing.release(session, None, ACTOR)
    for left in done.refused:
        stage.say(part, f"not released: journal {left.sequence}: {left.reason}")
    if done.released:
        stage.say(part, f"{len(done.released)} journals previewed and released")


def make_the_schedule_due(session: Session) -> None:
    """The connector's quarter of an hour is over now; the engine does the rest."""
    with database.transaction(session):
        row = _connector(session)
        assert row is not None
        session.execute(
            update(Schedule)
            .where(Schedule.kind == "export", Schedule.connector_id == row.id)
            .values(next_at=database.now(session))
        )


def set_links(session: Session, wanted: tuple[Link, ...] | list[Link]) -> None:
    """Set these links; one that is there already is only set again."""
    for one in wanted:
        links.set_link(session, one.kind, one.code, one.sales_type, one.vat, one.gl, ACTOR)


def work(
    stage: Stage, session: Session, kind: str, args: dict[str, Any] | None = None,
    connector: int | None = None,
) -> Run:  # fmt: skip
    """Ask for a run and watch it, as a page would; the engine works it."""
    with database.transaction(session):
        number = ask(
            session, kind, str(connector or ""), args, asked_by=ACTOR, connector_number=connector
        )
    while True:
        with database.reading(session):
            run = run_by_number(session, number)
            session.expunge(run)
        if run.state == ENDED:
            return run
        stage.outside.clock.sleep(LOOK_SECONDS)


def journals_of(session: Session) -> list[listing.ListedJournal]:
    """All journals of the company in scope, oldest business date first."""
    with database.reading(session):
        page = listing.list_journals(session, limit=1000)
    return sorted(page.rows, key=lambda row: (row.business_date, row.number))


def _connector(session: Session) -> Connector | None:
    return session.scalar(
        select(Connector)
        .where(Connector.number == CONNECTOR, Connector.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )


def _register(stage: Stage, session: Session, part: Part, row: Connector | None) -> None:
    from retailvista.sandbox.store import add_app

    if row is None:
        connectors.reserve(session, part.provider, ACTOR, CONNECTOR)
    callback = callback_url(stage.settings, part.alias, CONNECTOR)
    client_id = row.client_id if row is not None and row.client_id else str(uuid.uuid4())
    secret = secrets.token_urlsafe(24)
    add_app(stage.sandbox_file, client_id, secret, callback)
    _save(
        stage,
        session,
        {
            "name": f"{provider_named(part.provider).name} (sandbox)",
            "site": stage.sandbox_url,
            "client_id": client_id,
            "client_secret": secret,
            "callback_url": callback,
        },
    )
    stage.say(part, f"connector {CONNECTOR}, callback {callback}")


def _save(stage: Stage, session: Session, values: dict[str, Any]) -> None:
    problems = connectors.save(
        session,
        stage.outside.vault,
        CONNECTOR,
        values,
        ACTOR,
        provider_hosts=stage.outside.provider_hosts,
    )
    if problems:
        raise Refused("; ".join(f"{one.field}: {one.message}" for one in problems))


def _log_in(stage: Stage, part: Part) -> None:
    """As a person does: our login, the oAuth button, the provider's login, its consent page."""
    browser = Browser()
    page = browser.get(public_url(stage.settings, part.alias, "/login"))
    page = browser.send(page, page.form_with("password"), email=EMAIL, password=stage.password)
    page = browser.get(
        public_url(stage.settings, part.alias, f"/connectors/{CONNECTOR}/oauth?again=yes")
    )
    # One form at Sage, two at Exact.
    person = {"username": part.books_user, "password": SANDBOX_PASSWORD}
    consent = {"answer": "allow"}
    if part.provider != EXACT:
        person |= consent
    page = browser.send(page, page.form_with("password"), **person)
    if part.provider == EXACT:
        page = browser.send(page, page.form_with("csrf"), **consent)
    with stage.outside.sessions() as session, database.reading(session):
        row = _connector(session)
        assert row is not None
        state = grants.login_state(session, row).kind
    if state != "connected":
        raise Refused(f"The login ended at {page.url} (status {page.status}), not connected.")
    stage.say(part, f"logged in by OAuth as {part.books_user}")


def _build(stage: Stage, session: Session, part: Part) -> int:
    result = building.build_journals(session, None, ACTOR)
    for one in result.problems:
        stage.say(part, f"HELD {one.business_date}: {one.problem.message_en}")
    if result.built:
        stage.say(part, f"{len(result.built)} journals built, each debit = credit")
    return len(result.problems)


def _undecided(session: Session) -> set[str]:
    with database.reading(session):
        return {one.code for one in links.missing_links(session) if one.kind == "payment"}
