"""The administrations: a Belgian one, classifications, a million lines by one command, old files.

Source of the Belgian numbers: the minimum chart of accounts (Royal Decree of 21 October 2018); of
the rates: the Belgian VAT code (0, 6, 12 and 21 %).
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from retailvista.sandbox.balances import trial_balance
from retailvista.sandbox.bulk import seed_lines
from retailvista.sandbox.seed import VELDHOF, seed
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.store import Store
from tests.sandbox.test_trade import customer, ledger, line, purchase, sale, supplier
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor


@pytest.fixture
def belgian(stranger: Visitor) -> Visitor:
    stranger.log_in("boekhouding@veldhof.example")
    stranger.division = VELDHOF
    return stranger


def test_a_belgian_sale_and_purchase(belgian: Visitor) -> None:
    lines = [
        line(belgian, "700060", 100, VATCode="1"),
        line(belgian, "700120", 50, VATCode="2"),
        line(belgian, "700000", 121, VATCode="3I"),
    ]
    entry = sale(belgian, *lines, Customer=customer(belgian)).json["d"]["EntryID"]
    assert ledger(belgian, entry) == [
        ("700060", -100.0, "V"),
        ("700120", -50.0, "V"),
        ("700000", -100.0, "V"),
        *(("451000", -6.0, "A"), ("451000", -6.0, "A"), ("451000", -21.0, "A")),
        ("400000", 283.0, None),
    ]
    bought = purchase(
        belgian, line(belgian, "604000", 100, VATCode="4"), Supplier=supplier(belgian)
    )
    assert ledger(belgian, bought.json["d"]["EntryID"]) == [
        ("604000", 100.0, "I"),
        ("411000", 21.0, "O"),
        ("451000", -21.0, "P"),
        ("440000", -100.0, None),
    ]


def test_belgian_rates_and_legislation(belgian: Visitor) -> None:
    rates = {row["Percentage"] for row in belgian.get("vat/VATCodes").rows}
    assert rates == {0.0, 0.06, 0.12, 0.21}
    division = belgian.get("system/Divisions").rows[0]
    assert (division["Country"], division["Code"]) == ("BE ", VELDHOF)
    journals = {row["Code"]: row for row in belgian.get("financial/Journals").rows}
    assert journals["20"]["GLAccountCode"] == "550000"


def test_a_till_day_balances_in_belgium(belgian: Visitor) -> None:
    lines = [
        belgian.line("700060", -100, VATCode="1"),
        belgian.line("580100", 100),
        belgian.line("658000", 6),
    ]
    assert belgian.stored(belgian.book(*lines))[-1] == ("451000", -6.0, "A")


def test_classifications_are_mapped_to_accounts(visitor: Visitor) -> None:
    classification = visitor.get("financial/GLClassifications").rows[0]
    account = visitor.get("financial/GLAccounts", filter="Code eq '8220'").rows[0]
    scheme = visitor.get("financial/GLSchemes").rows[0]
    path = "financial/GLAccountClassificationMappings"
    body = {
        "Classification": classification["ID"],
        "GLAccount": account["ID"],
        "GLSchemeID": scheme["ID"],
    }
    made = visitor.post(path, body)
    assert made.status == 201, made.body
    row = made.json["d"]
    assert (row["GLAccountCode"], row["ClassificationCode"]) == ("8220", classification["Code"])
    assert visitor.post(path, {}).says.startswith("Verplicht: ")
    assert [found["ID"] for found in visitor.get(path).rows] == [row["ID"]]


def test_seeded_years_agree_with_their_lines(tmp_path: Path) -> None:
    store = Store(tmp_path / "years.sqlite")
    seed(store)
    assert seed_lines(store, GROENHOF, 4_000) == 4_000
    rows = store.rows(
        "SELECT GLAccountCode, sum(CAST(round(AmountDC * 100) AS INTEGER)) FROM line "
        "WHERE Division = ? AND LineNumber > 0 GROUP BY 1 ORDER BY 1",
        GROENHOF,
    )
    trial = trial_balance(store, GROENHOF)
    assert [(code, debit - credit) for code, _, debit, credit in trial] == rows
    assert sum(cents for _, cents in rows) == 0
    unbalanced = (
        "SELECT EntryID FROM line GROUP BY EntryID "
        "HAVING sum(CAST(round(AmountDC * 100) AS INTEGER)) <> 0"
    )
    assert store.rows(unbalanced) == []
    assert store.row("SELECT count(*) FROM entry") == (400,)
    indexes = {row[1] for row in store.rows("PRAGMA index_list(line)")}
    assert {"line_key", "line_entry", "line_number"} <= indexes
    store.close()


def test_the_seed_command_fills_a_file_that_then_serves(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite3"
    command = [sys.executable, "-m", "retailvista.sandbox", "seed", "--path", str(path)]
    subprocess.run([*command, "--transaction-lines", "2500"], check=True, capture_output=True)
    with Sandbox(path) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Visitor(sandbox).log_in()
        page = visitor.get("sync/Financial/TransactionLines", filter="Timestamp gt 1")
        assert len(page.rows) == 1000
        number = visitor.get("bulk/Financial/TransactionLines/$count", filter="Type eq 90")
        assert int(number.body) == 2500
        balance = visitor.get("financial/ReportingBalance", top=1).rows
        assert balance[0]["Count"] > 0
        entry = visitor.book(visitor.line("1210", 1), visitor.line("1205", -1))
        assert entry.status == 201


def test_a_file_from_before_keeps_its_apps_and_begins_new_books(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with Sandbox(path) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
    with sqlite3.connect(path) as db:
        db.execute("DROP VIEW gl_account")
        db.execute("CREATE TABLE gl_account (ID TEXT PRIMARY KEY)")
        for name in ("line", "record", "balance"):
            db.execute(f"DROP TABLE {name}")
        db.execute("CREATE TABLE line (Timestamp INTEGER PRIMARY KEY)")
    with Sandbox(path) as sandbox:
        visitor = Visitor(sandbox).log_in()
        assert visitor.book(visitor.line("1210", 1), visitor.line("1205", -1)).status == 201
