"""Every text has its Dutch, the compiled catalogue is the written one, templates hide no text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from retailvista.connectors.grant_facts import Decision, Reason
from retailvista.connectors.turns import raise_unless_due
from retailvista.errors import Later
from retailvista.journals import claiming, finding, preparing, settling
from retailvista.web import words
from scripts import translations

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%\(\w+\)s|\{\d\}")
# Names, signs and the languages' own names stand in both languages.
SAME_IN_BOTH = re.compile(
    r"^((· )?RetailVista( Journals| ERP)?( ·)?|oAuth|CSV|SHA-256|exact\.com/nl/login|ms"
    r"|[^A-Za-z]*)$"
)


def test_every_text_has_its_dutch():
    assert len(translations.texts()) > 500
    assert translations.missing() == []


# What a company sees whichever provider keeps its books.
FOR_ALL_BOOKS = ("control.html", "journal.html", "journals.html", "start.html", "store_days.html",
                 "words.py")  # fmt: skip


@pytest.mark.statement("R-53")
def test_screens_of_journals_name_no_provider():
    found = {text: Path(path).name for text, path in translations.texts().items()}
    dutch = {entry.id: entry.string for entry in translations.catalogue()}
    named = [
        text
        for text, name in found.items()
        if (name in FOR_ALL_BOOKS and re.search("Exact|Sage", text))
        or (name == "finding.py" and re.search("Exact|Sage", dutch[text]))
    ]
    assert named == []


def test_a_translation_keeps_every_place():
    wrong = [
        entry.id
        for entry in translations.catalogue()
        if entry.id and set(PLACES.findall(entry.id)) != set(PLACES.findall(entry.string))
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_the_written_one():
    with (translations.FOLDER / "messages.mo").open("rb") as file:
        compiled = {entry.id: entry.string for entry in read_mo(file) if entry.id}
    written = {entry.id: entry.string for entry in translations.catalogue() if entry.id}
    assert compiled == written


@pytest.mark.parametrize("never", ["divisie", "storno", "verwerkt"])
def test_words_that_mean_something_else_at_exact_are_not_used(never):
    for entry in translations.catalogue():
        assert not entry.id or never not in entry.string.lower().split(), entry.id


def texts_outside(template: str) -> list[str]:
    """Letters of a template that no translation covers; a crude look at what remains."""
    rest = re.sub(r"\{#.*?#\}", " ", template, flags=re.DOTALL)
    rest = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "\0", rest, flags=re.DOTALL)
    shown = re.findall(r"(?:placeholder|title|aria-label|alt)=\"([^\"\0]*)\"", rest)
    rest = re.sub(r"<(script|style|svg|code)\b.*?</\1>", " ", rest, flags=re.DOTALL)
    shown += re.sub(r"<[^>]*>", "\0", rest).split("\0")
    return [text.strip() for text in shown if not SAME_IN_BOTH.match(text.strip())]


def test_templates_hide_no_text():
    assert texts_outside("<p>Hello {{ name }}</p>") == ["Hello"]
    assert texts_outside('<input placeholder="Type here">') == ["Type here"]
    files = sorted((ROOT / "templates").glob("*.html"))
    assert len(files) > 25
    hidden = {file.name: texts_outside(file.read_text(encoding="utf-8")) for file in files}
    assert {name: texts for name, texts in hidden.items() if texts} == {}


def test_a_sentence_of_a_use_case_is_shown_in_dutch(site):
    with site.app.test_request_context("/"):
        assert words.translated("There is no store with code 'B7'.") == (
            "Er is geen winkel met code 'B7'."
        )
        assert words.translated("Connected as Bo: 1 Groenhof") == "Verbonden als Bo: 1 Groenhof"
        assert words.translated("Something nobody translated.") == "Something nobody translated."


def test_why_there_is_no_new_token_is_said_in_dutch(site, clock):
    """A sentence for each reason; a word put into another sentence would stay English."""
    said = []
    for reason in (Reason.WAIT, Reason.USED_UP):
        with pytest.raises(Later) as raised:
            raise_unless_due(Decision(reason, clock.now()), "")
        with site.app.test_request_context("/"):
            said.append(words.translated(raised.value))
    assert said == [
        "Nog geen nieuw token: het is te vroeg, of de aanbieder was eerder niet bereikbaar.",
        "Nog geen nieuw token: de tokenverzoeken van vandaag zijn op.",
    ]


def test_pages_are_in_the_language_of_the_person(site, admin):
    assert "Overzicht" in admin.get("/").text
    admin.post(
        "/profile",
        first_name="Anna",
        last_name="de Vries",
        email="administrator@groenhof.nl",
        language="en",
    )
    page = admin.get("/").text
    assert 'lang="en"' in page
    assert "journals to release" in page


KEPT = {
    preparing.TEXTS["moved"]: "De koppeling wijst nu naar een andere administratie. Trek de"
    " journaalpost in en geef hem opnieuw vrij.",
    settling.TEXTS["in_a_row"].format(3): "3 journaalposten achter elkaar zijn anders opgeslagen"
    " dan verzonden. Vergelijk die eerst.",
    finding.TEXTS["not_shown"].format(26000001): "De boekhouding kon niet worden gelezen: boekstuk"
    " 26000001, dat er stond, wordt niet getoond.",
    finding.TEXTS["blind"].format("No answer in time."): "De boekhouding kon niet worden gelezen:"
    " Geen antwoord op tijd.",
    finding.TEXTS["blind"].format("503: We will be back"): "De boekhouding kon niet worden gelezen:"
    " 503: We will be back",
    claiming.CLOCK_JUMPED: "Een klok versprong: het wachten begint opnieuw.",
}


@pytest.mark.parametrize("kept", KEPT)
def test_what_a_pass_keeps_with_a_journal_is_read_in_dutch(site, kept):
    with site.app.test_request_context("/"):
        assert words.translated(kept) == KEPT[kept]
