"""The one place that wires everything by hand: settings, database, key, wire, screens, engine.

create_app() never touches what is outside the settings' own folders and never starts an engine:
a web worker that did would run every job once more. `retailvista serve` starts exactly one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista import logs, web
from retailvista.cli import commands
from retailvista.cli.program import Program
from retailvista.clock import Clock, SystemClock
from retailvista.companies import installation, place
from retailvista.config import ROOT, Settings, check_key_file_place, load_settings
from retailvista.connectors import app_keys, keyless
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Wire
from retailvista.connectors.registry import PROVIDERS
from retailvista.errors import BadSetting
from retailvista.feed.flow_rows import FeedRows
from retailvista.flows import offered_rows
from retailvista.journals.numbering import sending_locked
from retailvista.mail.sending import Post, post_for
from retailvista.plain import WorkSession
from retailvista.runs import bell
from retailvista.runs.owners import Owner
from retailvista.scheduler import duties, figures
from retailvista.scheduler.embedded import Engine, WakeUp
from retailvista.scheduler.kinds import KINDS
from retailvista.web import operator
from retailvista.web.wiring import KEY, Wired

STATE = "retailvista.state"
PROGRAM = "retailvista.program"


@dataclass(slots=True)
class State:
    """What changes while the app runs. `stopping` makes it not ready at once."""

    owner: Owner
    key_problem: str
    post: Post
    stopping: bool = field(default=False)


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, wire: Wire | None = None
) -> Flask:
    """The app, wired. BadSetting names what is wrong; a missing database or key is only said."""
    settings = settings or load_settings()
    _check_surroundings(settings)
    clock = clock or SystemClock()
    app = Flask(
        "retailvista",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "retailvista" / "web" / "static"),
        instance_path=str(settings.instance_dir),
    )
    sessions = _open_database(app, settings, clock)
    found = _open_installation(sessions, settings)
    owner = Owner(settings.instance_dir)
    way_out = Outside(
        sessions=sessions,
        vault=found.vault,
        wire=wire or _wire(settings, clock),
        clock=clock,
        spool=_spool(settings),
        owner=owner.name,
        installation=found.uuid,
        provider_hosts=settings.provider_hosts,
        stopping=lambda: state(app).stopping,
        apps=app_keys.operators_apps(settings),
        variables=settings.variables,
    )
    app.extensions[KEY] = Wired(settings, way_out)
    app.extensions[STATE] = State(owner, found.key_problem, post_for(app, settings))
    app.register_blueprint(
        operator.blueprint(settings, lambda: _readiness(app), lambda: figures.figures(way_out))
    )
    offered_rows.plug(FeedRows())
    web.register(app)
    app.extensions[PROGRAM] = make_program(app)
    for name, command in commands.root.commands.items():
        app.cli.add_command(command, name)
    return app


def outside(app: Flask) -> Outside:
    """The way to the outside world of an app."""
    return _wired(app).outside


def state(app: Flask) -> State:
    """What changes while the app runs."""
    found = app.extensions[STATE]
    assert isinstance(found, State)
    return found


def make_engine(app: Flask) -> Engine:
    """The embedded engine of this app, with its bell hung up."""
    wired = _wired(app)
    engine = Engine(wired.outside, KINDS, duties.duties(wired.settings, state(app).post))
    bell.hang(WakeUp(engine))
    return engine


def close(app: Flask) -> None:
    """This process needs the app no more: its claims and its connections end."""
    state(app).owner.leave()
    with app.app_context():
        database.db.engine.dispose()


def make_program(app: Flask | None = None) -> Program:
    """What the commands need of the wiring; the app is made when a command first asks for it."""
    return Program(
        load_settings=lambda: _wired(app).settings if app else load_settings(),
        create_app=lambda settings: app or create_app(settings),
        outside_of=outside,
        engine_of=make_engine,
        stop=_stop,
        close=lambda made: None if made is app else close(made),
        kinds=KINDS,
        post_of=lambda made: state(made).post,
        locked_of=_locked,
    )


def main(arguments: Iterable[str] | None = None) -> None:
    """The console script `retailvista`."""
    logs.configure("WARNING")
    commands.root.main(
        args=list(arguments) if arguments is not None else None,
        prog_name="retailvista",
        obj=make_program(),
    )


def _wired(app: Flask) -> Wired:
    found = app.extensions[KEY]
    assert isinstance(found, Wired)
    return found


def _check_surroundings(settings: Settings) -> None:
    if sys.flags.optimize:
        raise BadSetting(
            "Python runs with -O or PYTHONOPTIMIZE, which removes the checks that keep journals"
            " right. Start it without."
        )
    check_key_file_place(settings)
    if not (ROOT / "templates" / "layout.html").is_file():
        raise BadSetting(
            f"The templates are missing in {ROOT / 'templates'}: RetailVista runs from a checkout"
            " (pip install -e .), not from a built package."
        )
    settings.instance_dir.mkdir(parents=True, exist_ok=True)


def _open_installation(
    sessions: Callable[[], Session], settings: Settings
) -> installation.Installation:
    with sessions() as session:
        found = installation.look(session, settings.master_key_file)
        if found.uuid:
            (keyless.mark_lost if found.key_problem else keyless.mark_found)(session)
            app_keys.mark_found(session, app_keys.operators_apps(settings))
            keyless.check_place(session, found, place.mark_of(session))
    return found


def _open_database(app: Flask, settings: Settings, clock: Clock) -> Callable[[], Session]:
    options: dict[str, object] = {"pool_size": 20, "max_overflow": 20}
    if settings.database_url.startswith("sqlite"):
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        options["pool_pre_ping"] = True
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    database.db.init_app(app)
    Migrate(app, database.db, directory=str(database.MIGRATIONS))
    with app.app_context():
        engine = database.db.engine
    database.tune_engine(engine, clock)

    def sessions() -> Session:
        return WorkSession(engine, expire_on_commit=False)

    return sessions


def _spool(settings: Settings) -> Path:
    """The folder of raw token answers, for this user alone."""
    folder = settings.instance_dir / "spool"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _wire(settings: Settings, clock: Clock) -> Wire:
    sites = [site for one in PROVIDERS.values() for site in (*one.sites, *one.further_hosts)]
    return RequestsWire(clock, sites, settings.provider_hosts, settings.proxy_url)


def _readiness(app: Flask) -> dict[str, str]:
    wired, now = _wired(app), state(app)
    return {
        "process": "stopping" if now.stopping else "",
        "database": _database_problem(wired.outside),
        "key": now.key_problem,
    }


def _database_problem(way_out: Outside) -> str:
    script = Config()
    script.set_main_option("script_location", str(database.MIGRATIONS))
    newest = ScriptDirectory.from_config(script).get_current_head()
    try:
        with way_out.sessions() as session, database.reading(session):
            if not inspect(session.connection()).has_table("alembic_version"):
                return installation.NOT_BEGUN
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        return type(error).__name__
    return "" if found == newest else "The tables are of another version. Run: retailvista init"


def _locked(app: Flask) -> str:
    """Why nothing is sent, when sending is locked."""
    with outside(app).sessions() as session, database.reading(session):
        return sending_locked(session)


def _stop(app: Flask) -> None:
    state(app).stopping = True
