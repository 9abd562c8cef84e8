"""Till files: handing in, what came of it, the list, and one file with its problems.

A file is addressed by the start of its SHA-256: the same content is the same file.
"""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, g, render_template, request
from sqlalchemy import select

from retailvista.companies import registering
from retailvista.errors import NotFound, Refused
from retailvista.journals import importing
from retailvista.journals.models import TillFile
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.numbers import whole

screen = Blueprint("till_files", __name__)
PAGE = 50


@screen.get("/till-files")
@allow(VIEWER)
def index() -> str:
    return _page()


@screen.post("/till-files")
@allow(BOOKKEEPER)
def hand_in() -> str | tuple[str, int]:
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        return _page(message="Choose one or more till files first."), 400
    store = request.form.get("store", "") or None
    try:
        results = [
            importing.import_till_file(
                wiring.session(),
                file.filename or "",
                cast(BinaryIO, file.stream),
                store,
                g.login.email,
            )
            for file in files
        ]
    except Refused as refused:
        return _page(message=str(refused)), 400
    return _page(results=results)


@screen.get("/till-files/<fingerprint>")
@allow(VIEWER)
def page(fingerprint: str) -> str:
    with wiring.reading() as session:
        found = session.scalars(
            select(TillFile).where(TillFile.sha256.startswith(fingerprint, autoescape=True))
        ).all()
    if len(fingerprint) < 12 or len(found) != 1:
        raise NotFound
    return render_template("till_file.html", file=found[0])


def _page(**shown: object) -> str:
    before = request.args.get("before", 0, type=whole)
    with wiring.reading() as session:
        query = select(TillFile).order_by(TillFile.id.desc()).limit(PAGE + 1)
        if before > 0:
            query = query.where(TillFile.id < before)
        files = session.scalars(query).all()
        stores = registering.stores_of(session)
    older = files[PAGE - 1].id if len(files) > PAGE else None
    return render_template(
        "till_files.html", files=files[:PAGE], older=older, stores=stores, **shown
    )
