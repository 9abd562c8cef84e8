"""Short questions that would cost much, and readers who hold on: each has its limit and its words.

Whatever somebody with a token asks, the screens of everybody else stay quick, and no answer that
was cut short looks like a whole one.
"""

from __future__ import annotations

import socket
from urllib.parse import quote

import pytest

from retailvista.cli.web_server import WEB_THREADS
from retailvista.feed import jsonform
from retailvista.feed.failures import TooMuch
from retailvista.web import odata
from tests.conftest import TestClock
from tests.feed.program import make_feed, make_program
from tests.feed.serving import serving


def in_one_another(many: int, condition: str) -> str:
    """any in any, over the lines of the journal of a line, and so on."""
    opened = "".join(
        f"{'Lines' if n == 0 else f'v{n - 1}/Journal/Lines'}/any(v{n}:" for n in range(many)
    )
    return opened + condition.replace("x/", f"v{many - 1}/") + ")" * many


def doubled(times: int) -> str:
    """Aliases that each stand for the one before it, twice."""
    aliases = "".join(f"&@a{n}=" + quote(f"@a{n - 1} or @a{n - 1}") for n in range(1, times))
    return f"@a{times - 1}&@a0=Live{aliases}"


BOMBS = [
    ("aliases in aliases", f"Exports?$filter={doubled(30)}", 400),
    ("an alias many times", f"Exports?$filter={quote('@a or @a or @a')}&@a="
     + quote(" or ".join(["Live"] * 740)), 400),
    ("an alias in itself", "Exports?$filter=@a&@a=not (@a)", 400),
    ("brackets", "Exports?$filter=" + "(" * 2_000 + "true" + ")" * 2_000, 400),
    ("not of not", "Exports?$filter=" + quote("not (" * 61 + "true" + ")" * 61), 400),
    ("minus of minus", "Runs?$filter=" + quote("-" * 500 + "Number eq 1"), 400),
    ("functions in functions", "Journals?$filter="
     + quote("concat(Kind," * 55 + "Kind" + ")" * 55 + " eq 'x'"), 200),
    ("sums of sums", "Journals?$filter=" + quote("Number" + " add 1" * 55 + " eq 1"), 200),
    ("long products", "Journals?$filter="
     + quote("Number" + " mul 9223372036854775807" * 50 + " gt 1"), 200),
    ("large exponents", "Journals?$filter=" + quote("Debit" + " mul 1e999" * 50 + " gt 1"), 200),
    ("long lists in SQL", f"Exports?$filter=Year in ({','.join('1' * 740)})", 200),
    ("long lists elsewhere", "Receipts?$filter="
     + quote("tolower(Register) in (" + ",".join(["'x'"] * 700) + ")"), 200),
    ("longer lists", f"Exports?$filter=Year in ({','.join('1' * 800)})", 400),
    ("patterns", "Journals?$filter=" + quote("matchesPattern(Kind,'(a+)+$')"), 501),
    ("way after way", "Journals?$filter=" + "Reverses/" * 30 + quote("Number eq 1"), 400),
    ("six ways", "Journals?$filter=" + "Reverses/" * 6 + quote("Number eq 1"), 200),
    ("relatives of relatives", f"Journals?$filter={in_one_another(2, 'x/Nr eq 0')}", 200),
    ("and of those", f"Journals?$filter={in_one_another(3, 'x/Nr eq 0')}", 501),
    ("an order of many", "JournalLines?$orderby="
     + ",".join(f"length(Store) add {n}" for n in range(30)), 501),
    ("the same order again", "JournalLines?$orderby=" + ",".join(["Nr"] * 300), 200),
    ("expansions in expansions", "Journals?$expand=*($expand=*($expand=*($expand=*)))", 400),
    ("everything of everything", "Journals?$expand=*($expand=*($expand=*))", 200),
    ("levels", "Journals?$expand=Reverses($levels=max)", 501),
    ("a hundred thousand options", "Journals?" + "x=1&" * 100_000, 200),
    ("a long name", "Journals?$select=" + "N" * 40_000, 400),
    ("a page of everything", "Receipts?$top=999999999&$skip=999999999", 200),
    ("more than a number", "Receipts?$top=" + "9" * 400, 400),
]  # fmt: skip


def test_a_bomb_is_answered_with_rows_or_with_words(program):
    for name, path, status in BOMBS:
        answer = program.send(path.replace(" ", "%20"))
        assert answer.status_code == status, (name, answer.text[:300])
        if status != 200:
            assert answer.get_json()["error"]["message"], name


def test_pages_go_on_in_an_order_by_many_columns(program):
    columns = [c for c in program.rows("JournalLines")[0] if c not in ("Id", "Nr")]
    order = ",".join(f"{column} desc" for column in columns)
    whole = program.rows("JournalLines", orderby=order)
    page = program.send(f"JournalLines?$orderby={order}", Prefer="maxpagesize=9").get_json()
    link = page["@odata.nextLink"].removeprefix(f"http://{program.host}")
    rest = program.get(link)
    assert [row["Id"] for row in page["value"] + rest["value"]] == [row["Id"] for row in whole]
    assert len(columns) > 10


def test_relatives_that_would_fill_the_memory_break_the_answer(program, monkeypatch):
    lines = len(program.rows("JournalLines"))
    path = "Journals?$expand=Lines($expand=Journal($expand=Lines))"
    monkeypatch.setattr(jsonform, "RELATIVES_MOST", lines * (lines + 1))
    assert program.send(path).status_code == 200
    monkeypatch.setattr(jsonform, "RELATIVES_MOST", lines * lines)
    with pytest.raises(TooMuch):  # the connection breaks: the list is never closed
        program.send(path)
    assert (
        program.send("Journals(1)?$expand=Lines($expand=Journal($expand=Lines))").status_code == 413
    )


def test_readers_of_all_companies_leave_threads_for_the_screens(site, program):
    make_feed(site, "bloemhof", "theirs")
    stranger = make_program(site, "bloemhof", feed="theirs")
    assert odata.PLACES_IN_ALL < WEB_THREADS
    opened = [
        each.client.open(f"/odata/{each.feed}/Runs", headers=each.headers)
        for each in [program] * 4 + [stranger] * 2
    ]
    assert [answer.status_code for answer in opened] == [200] * 6
    busy = stranger.send("Journals")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "5")
    for answer in opened:
        answer.close()
    assert stranger.send("Journals").status_code == 200


def test_readers_who_take_nothing_hold_up_nobody(tmp_path):
    with serving(tmp_path, TestClock()) as served:
        port = int(served.root.split(":")[2].split("/")[0])
        path = "/odata/sales/Journals?$expand=*($expand=*($expand=*))"
        head = "".join(f"{name}: {value}\r\n" for name, value in served.program.headers.items())
        stuck = []
        for _reader in range(10):  # more than there are threads, and than may read at once
            reader = socket.create_connection(("127.0.0.1", port), timeout=10)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            assert reader.recv(1)
            stuck.append(reader)
        other = socket.create_connection(("127.0.0.1", port), timeout=10)
        other.sendall(f"GET /odata/sales/Journals HTTP/1.1\r\n{head}\r\n".encode())
        assert other.recv(12) == b"HTTP/1.1 200"
        for reader in [*stuck, other]:
            reader.close()


def test_a_compressed_answer_is_no_must(program):
    for accepted in ("gzip, deflate, br", "identity", "gzip;q=1.0, identity;q=0.5, *;q=0"):
        answer = program.send("Journals", Accept_Encoding=accepted)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
        assert answer.get_json()["value"]
