"""Files that are broken, cut off or made to hurt: refused with place and remedy."""

import gzip
import io
import json
import random
import re
import subprocess
import sys
from collections import Counter

import pytest

from retailvista.errors import Refused
from retailvista.journals.intake import recognise
from retailvista.journals.intake.xaa import read_till_file
from tests.journals.intake.till_file import (
    HEADER,
    VAT,
    XAA,
    a_line,
    a_payment,
    a_receipt,
    a_till_file,
    reader,
)

GOOD = a_till_file(a_receipt() + a_receipt(nr="<nr>8</nr>"))
LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def with_prolog(text: str) -> bytes:
    return GOOD.replace(b"<auditfile", text.encode() + b"<auditfile")


def with_receipt(old: str, new: str) -> bytes:
    assert old in a_receipt()
    return a_till_file(a_receipt().replace(old, new))


FILES = {
    "empty": (b"", "the file is empty"),
    "only spaces": (b" \n ", "the file is empty"),
    "not XML": (b"nr;datum;bedrag\n1;2026-03-10;10,90", "no XML till file"),
    "JSON": (json.dumps({"receipts": []}).encode(), "no XML till file"),
    "a web page": (b"<!DOCTYPE html><html></html>", "no document type"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not UTF-8"),
    "UTF-16 without mark": (GOOD.decode().encode("utf-16-le"), "not UTF-8"),
    "unknown encoding": (GOOD.replace(b"UTF-8", b"UTF-7"), "encoding UTF-7"),
    "encoding that lies": (GOOD.replace(b"PLANT", b"PL\xc4NT"), "XML is broken"),
    "auditfile of the books": (GOOD.replace(XAA.encode(), b"http://www.auditfiles.nl/XAF/3.2"),
                               "XAF/3.2 is not read"),
    "no namespace": (GOOD.replace(f' xmlns="{XAA}"'.encode(), b""), "no namespace is not read"),
    "another root": (GOOD.replace(b"auditfile", b"audit"), "audit of"),
    "entities": (with_prolog(LAUGHS), "line 2: a till file has no document type"),
    "outside entity": (with_prolog('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
                       "no document type"),
    "outside DTD": (with_prolog('<!DOCTYPE a SYSTEM "http://example.com/a.dtd">'),
                    "no document type"),
    "DTD behind a comment": (with_prolog(f"<!-- x -->\n<?p?>{LAUGHS}"), "line 3"),
    "DTD behind a long comment": (with_prolog(f"<!--{'x' * 70_000}-->{LAUGHS}"), "no XML till"),
    "entity that is not there": (with_receipt("PLANT", "&x;"), "XML is broken"),
    "cut off": (GOOD[:-40], "line 4: the XML is broken"),
    "cut off in the header": (GOOD[:120], "line 2: the XML is broken"),
    "tags that cross": (GOOD.replace(b"</location></company>", b"</company></location>"), "broken"),
    "text after the end": (GOOD + b"<auditfile/>", "XML is broken"),
    "too deep": (with_receipt("PLANT", "<x>" * 300 + "</x>" * 300), "XML is broken"),
    "huge text": (with_receipt("PLANT", "x" * 11_000_000), "one record is larger than 4 MB"),
    "huge attribute": (with_receipt("<nr>7", f'<nr x="{"x" * 11_000_000}">7'), "4 MB"),
    "many small elements": (with_receipt("PLANT", "<x/>" * 1_200_000), "4 MB"),
    "huge root attribute": (GOOD.replace(b"<auditfile", b'<auditfile x="' + b"x" * 70_000 + b'"'),
                            "no XML till file"),
    "gzip cut off": (gzip.compress(GOOD, mtime=0)[:-20], "gzip packing is damaged"),
    "gzip damaged": (b"\x1f\x8b" + b"\x08" * 40, "gzip packing is damaged"),
    "no header": (a_till_file(a_receipt(), header=""), "curCode"),
    "no currency": (a_till_file(a_receipt(), header="<header/>"), "curCode"),
    "header date": (a_till_file(a_receipt(), header=HEADER.replace("2026-03-11", "11-03-2026")),
                    "the header says '11-03-2026' is no date"),
    "no register": (a_till_file(a_receipt(), register=""), "line 3: registerID is empty"),
    "no nr": (a_till_file(a_receipt(nr="")), "line 4, receipt ?: nr is missing"),
    "no date": (a_till_file(a_receipt(date="")), "receipt 7: transDate is missing"),
    "no time": (with_receipt("<transTime>12:00:00</transTime>", ""), "transTime is missing"),
    "no total": (with_receipt("<transAmntIn>10.90</transAmntIn>", ""), "transAmntIn is missing"),
    "no amount": (with_receipt("<lineAmntIn>10.90</lineAmntIn>", ""), "lineAmntIn is missing"),
    "no payment type": (with_receipt("<paymentType>PIN</paymentType>", ""), "paymentType is miss"),
    "no VAT amount": (with_receipt("<vatAmnt>0.90</vatAmnt>", ""), "vatAmnt is missing"),
    "comma": (with_receipt("<paidAmnt>10.90", "<paidAmnt>10,90"), "'10,90' is no amount"),
    "exponent": (with_receipt("<paidAmnt>10.90", "<paidAmnt>1e3"), "'1e3' is no amount"),
    "not a number": (with_receipt("<paidAmnt>10.90", "<paidAmnt>NaN"), "'NaN' is no amount"),
    "five decimals": (with_receipt("<paidAmnt>10.90", "<paidAmnt>1.00001"), "is no amount"),
    "too large": (with_receipt("<paidAmnt>10.90", f"<paidAmnt>{'9' * 15}"), "is no amount"),
    "other digits": (with_receipt("<paidAmnt>10.90", "<paidAmnt>1０.90"), "is no amount"),
    "no such day": (with_receipt("2026-03-10", "2026-02-30"), "receipt 7"),
    "date of another kind": (with_receipt("2026-03-10", "10-03-2026"), "is no date"),
    "no such time": (with_receipt("12:00:00", "noon"), "'noon' is no time"),
    "25 o'clock": (with_receipt("12:00:00", "25:00:00"), "'25:00:00' is no time"),
    "flag": (a_till_file(a_receipt(body=a_line() + "<voidTransaction>maybe</voidTransaction>")),
             "'maybe' is no true or false"),
    "In is not Ex plus VAT": (with_receipt("<lineAmntEx>10.00", "<lineAmntEx>9.00"),
                              "line 1: In is not Ex plus VAT"),
    "VAT of 250 %": (with_receipt("<vatPerc>9<", "<vatPerc>250<"), "no VAT percentage"),
    "report": (a_till_file("", events="<event><eventType>13009</eventType><eventReport/></event>"),
               "report: '' is no date"),
    "country without rates": (a_till_file(a_receipt(body=a_line(vat="") + a_payment())).replace(
        b"<taxRegistrationCountry>NL", b"<taxRegistrationCountry>DE"), "none is known for DE"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_wrong_is_refused_with_its_place(name):
    content, why = FILES[name]
    with pytest.raises(Refused) as refused:
        list(reader(content))
    assert "kassa.xaa" in str(refused.value)
    assert why in str(refused.value)


def test_the_good_file_is_not_refused():
    assert len(list(reader(GOOD))) == 2
    assert VAT in GOOD.decode()


def test_a_small_gzip_cannot_become_a_large_file(monkeypatch):
    monkeypatch.setattr(recognise, "RAW_BYTES_MAX", 3_000_000)
    bomb = gzip.compress(a_till_file(a_receipt() * 9_000), mtime=0)
    assert len(bomb) < 60_000
    with pytest.raises(Refused, match="MB unpacked"):
        list(reader(bomb))


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot seek, as an upload may."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._left = content
        self._given = False

    def read(self, size: int = -1) -> bytes:
        some = min(7, size) if self._given else 1
        self._given = True
        part, self._left = self._left[:some], self._left[some:]
        return part


def test_a_stream_that_trickles_is_read_whole():
    assert list(read_till_file(Trickle(GOOD), "f")) == list(reader(GOOD))
    packed = gzip.compress(GOOD, mtime=0)
    assert list(read_till_file(Trickle(packed), "f")) == list(reader(GOOD))


MEASURE = """
import io, resource, sys
from tests.journals.intake.till_file import a_receipt, a_till_file, reader
one = (a_receipt() * 10).encode()
head, tail = a_till_file("").split(b"</cashregister>")
class Stream(io.RawIOBase):
    parts = iter([head, *([one] * int(sys.argv[1])), b"</cashregister>" + tail])
    def read(self, size=-1):
        return next(self.parts, b"")
from retailvista.journals.intake.xaa import read_till_file
count = sum(1 for _ in read_till_file(Stream(), "f"))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_stays_flat():
    def measured(parts: int) -> tuple[int, int]:
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, str(parts)], capture_output=True, text=True, check=True
        )
        count, kilobytes = run.stdout.split()
        return int(count), int(kilobytes)

    small, large = measured(10), measured(3_000)
    assert (small[0], large[0]) == (100, 30_000)
    assert large[1] - small[1] < 12_000, "30,000 receipts (14 MB) must not stay in memory"


NOISE = (b"", b"-1", b"x", b"9" * 30, b"<a/>", b"&amp;", b"\xc3\xa9", b"\x00", b"2020-02-30", b" ")


def spoiled(content: bytes, dice: random.Random) -> bytes:
    """One random change: a value, an element less or twice, a byte, a cut."""
    match dice.randrange(4):
        case 0:
            spot = dice.choice(list(re.finditer(rb">([^<]+)<", content)))
            return content[: spot.start(1)] + dice.choice(NOISE) + content[spot.end(1) :]
        case 1:
            element = dice.choice(list(re.finditer(rb"<(\w+)>[^<]*</\1>", content)))
            times = dice.choice((0, 2))
            return content[: element.start()] + element[0] * times + content[element.end() :]
        case 2:
            at = dice.randrange(len(content))
            return content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]
        case _:
            first, last = sorted(dice.choices(range(len(content)), k=2))
            return content[:first] + content[last:]


def test_random_damage_is_refused_or_read_and_nothing_else():
    dice, outcomes = random.Random(2026), Counter()
    for _ in range(600):
        content = spoiled(GOOD, dice)
        try:
            records = list(reader(content))
        except Refused:
            outcomes["refused"] += 1
        else:
            assert len(records) <= 2
            outcomes["read"] += 1
    assert min(outcomes.values()) > 50
