"""Pass 2: spooled rows become receipt rows, once each.

Invariant: a receipt is known by store, register and number. What is there is compared and left
alone; only receipts of a file that never finished pass to the file that brings them again.
Rows go to the driver as tuples: no objects on the hot path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from retailvista.companies.scope import scoped_company_id
from retailvista.journals.models import ReceiptRow, TillFile, ZReportRow
from retailvista.journals.till_pass import KnownStore, SpooledRow
from retailvista.ledger.declaration import ZReport
from retailvista.ledger.problem import Place, Problem

COLUMNS = (
    "company_id", "file_id", "store_id", "register", "nr", "business_date", "currency", "total",
    "content_hash", "content",
)  # fmt: skip
NAMED_MAX = 20
LOOKUP_MAX = 500  # numbers per query


@dataclass(slots=True)
class Tally:
    """What the batches met."""

    conflicts: int = 0
    named: list[str] = field(default_factory=list)
    unfinished: list[int] = field(default_factory=list)


def store_batch(session: Session, file_id: int, batch: Sequence[SpooledRow], tally: Tally) -> None:
    """Insert what is new of one batch, inside the caller's transaction."""
    there = _there(session, batch)
    company_id = scoped_company_id()
    fresh: list[tuple[object, ...]] = []
    for row in batch:
        known = there.get(row[:3])
        if known is None:
            fresh.append((company_id, file_id, *row))
        elif known.content_hash != row[6] and not _says_the_same(session, known.id, row[7]):
            tally.conflicts += 1
            tally.named.append(f"{row[1]}/{row[2]}")
        elif known.file_id != file_id and known.state != "read":
            tally.unfinished.append(known.id)
    if fresh:
        _insert(session, fresh)


def _there(session: Session, batch: Sequence[SpooledRow]) -> dict[tuple[Any, ...], Any]:
    """Rows that exist already under the keys of the batch."""
    found: dict[tuple[Any, ...], Any] = {}
    numbers: dict[tuple[int, str], list[str]] = {}
    for store_id, register, nr, *_ in batch:
        numbers.setdefault((store_id, register), []).append(nr)
    for (store_id, register), own in numbers.items():
        for start in range(0, len(own), LOOKUP_MAX):
            rows = session.execute(
                select(
                    ReceiptRow.id,
                    ReceiptRow.nr,
                    ReceiptRow.content_hash,
                    ReceiptRow.file_id,
                    TillFile.state,
                )
                .join(TillFile, TillFile.id == ReceiptRow.file_id)
                .where(
                    ReceiptRow.store_id == store_id,
                    ReceiptRow.register == register,
                    ReceiptRow.nr.in_(own[start : start + LOOKUP_MAX]),
                )
            )
            found.update({(store_id, register, row.nr): row for row in rows})
    return found


def _insert(session: Session, rows: list[tuple[object, ...]]) -> None:
    connection = session.connection()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    places = ", ".join([mark] * len(COLUMNS))
    # The names and the number of columns are ours; every value is bound.
    statement = f"INSERT INTO receipt ({', '.join(COLUMNS)}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, rows)


def _says_the_same(session: Session, receipt_id: int, content: str) -> bool:
    """Equal but for what the file's own list of codes said; a later file may declare more."""
    stored = session.scalar(select(ReceiptRow.content).where(ReceiptRow.id == receipt_id))
    assert stored is not None, "a receipt is never deleted"
    return _as_written(stored) == _as_written(json.loads(content))


def _as_written(row: dict[str, Any]) -> dict[str, Any]:
    own_type = row.get("o", row["t"])
    payments = [tender[:4] for tender in row["p"]]
    return row | {"t": "", "o": own_type, "p": payments}


def take_over(session: Session, file_id: int, tally: Tally) -> None:
    """Receipts of files that never finished become this file's, as it becomes 'read'."""
    unread = select(TillFile.id).where(TillFile.state != "read")
    for start in range(0, len(tally.unfinished), LOOKUP_MAX):
        session.execute(
            update(ReceiptRow)
            .where(
                ReceiptRow.id.in_(tally.unfinished[start : start + LOOKUP_MAX]),
                ReceiptRow.file_id.in_(unread),
            )
            .values(file_id=file_id),
            execution_options={"synchronize_session": False},
        )


def count_new(session: Session, file_id: int) -> int:
    """Receipts that this file brought."""
    return session.scalar(select(func.count()).where(ReceiptRow.file_id == file_id)) or 0


def store_z_reports(
    session: Session, file_id: int, reports: Iterable[ZReport], stores: Mapping[str, KnownStore]
) -> None:
    """Keep Z reports that are not there yet; an overlapping file brings the same ones again."""
    rows = session.execute(select(ZReportRow.store_id, ZReportRow.register, ZReportRow.number))
    there = {tuple(row) for row in rows}
    for report in reports:
        key = (stores[report.store].id, report.register, report.number)
        if key in there:
            continue
        there.add(key)
        session.add(
            ZReportRow(
                store_id=key[0],
                file_id=file_id,
                register=report.register,
                number=report.number,
                on=report.on,
                content=report.to_row(),
            )
        )
    session.flush()


def problems_of(tally: Tally, name: str) -> list[Problem]:
    """The receipts that are there already with other content, the first of them by name."""
    found = [
        Problem(
            "receipt_differs",
            f"Bon {key} is al ingelezen met een andere inhoud; de eerste blijft staan.",
            f"Receipt {key} was read before with other content; the first one stays.",
            Place(file=name, receipt=key),
            "Vergelijk de bon met de kassa; boek een verschil met een correctie.",
            "Compare the receipt with the till; book a difference by a correction.",
        )
        for key in tally.named[:NAMED_MAX]
    ]
    more = tally.conflicts - len(found)
    if more > 0:
        found.append(
            Problem(
                "receipts_differ",
                f"Nog {more} bonnen wijken af van wat al is ingelezen.",
                f"{more} more receipts differ from what was read before.",
                Place(file=name),
                "Vraag de kassaleverancier waarom bonnummers opnieuw zijn gebruikt.",
                "Ask the till supplier why receipt numbers were used again.",
            )
        )
    return found
