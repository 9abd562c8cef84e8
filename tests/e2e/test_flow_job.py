"""A replication flow once through in a real browser: built by the form, run, left, found again."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from retailvista.connectors.exact_online.catalogue import catalogue
from tests.e2e.browsing import PATIENCE, connect, log_in
from tests.e2e.running import Running
from tests.flows.mirror import Mirror

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
CHOSEN = ("crm/Accounts", "financial/GLAccounts", "financialtransaction/TransactionLines")


@pytest.mark.statement("D-09", "D-10", "D-11", "D-12", "D-13", "D-14", "D-32", "D-46", "D-47")
def test_a_flow_is_built_run_left_and_found_finished(
    site: Running, page: Page, tmp_path: Path
) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(site, page)
    connect(site, page)
    page.get_by_label("Administratie").select_option(index=1)
    page.get_by_role("button", name="Kiezen").click()
    add_warehouse(site, page)
    build_flow(site, page)
    site.sandbox.faults.add("slow", value=2, path="*/sync/*", times=8)
    run = start_and_watch(page)
    leave(site, page, run)
    open_run(page)
    change_schedule(site, page)
    assert not complaints, complaints
    accounts = catalogue().endpoint("financial/GLAccounts").entity
    source = Mirror.of(site.sandbox).source(accounts)
    assert len(source) > 100
    assert loaded(tmp_path, accounts.table) == {(row["ID"], row["Code"]) for row in source.values()}


def add_warehouse(site: Running, page: Page) -> None:
    page.goto(f"{site.url}/connectors")
    page.get_by_role("link", name="Connector toevoegen").click()
    page.get_by_role("button", name="Datawarehouse kiezen").click()
    page.get_by_label("Naam").fill("Magazijn")
    page.get_by_role("button", name="Opslaan").click()
    page.get_by_role("button", name="Testen").click()
    expect(page.locator("#run[data-state=ended]")).to_contain_text("Verbonden", timeout=PATIENCE)


def build_flow(site: Running, page: Page) -> None:
    """Choose by typing; the form says per endpoint how it is loaded, and what is still missing."""
    page.goto(f"{site.url}/flows")
    page.get_by_role("link", name="Stroom toevoegen").first.click()
    expect(page.get_by_text("Geef de stroom een naam.")).to_be_visible()
    page.get_by_label("Naam", exact=True).first.fill("Boeken naar magazijn")
    page.locator("#source_connector").select_option("1")
    for text, key in zip(("accounts", "glacc", "transactionl"), CHOSEN, strict=True):
        page.locator("#find").press_sequentially(text)
        page.locator(f"#found-entities button[value='{key}']").click()
        expect(page.locator(f"input[name=entity][value='{key}']")).to_be_attached()
    expect(page.locator("aside")).to_contain_text("3 × alleen wijzigingen")
    page.locator("#target_connector").select_option("2")
    expect(page.locator("aside")).to_contain_text("naar Magazijn.")
    page.locator("#when-every").check()
    page.locator("[name=when_minutes]").select_option("60")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.get_by_role("heading", name="Boeken naar magazijn")).to_be_visible()
    expect(page.locator("#schedules")).to_contain_text("om de 1 uur")


def start_and_watch(page: Page) -> str:
    """The bar shows pages of an estimate; the address of the run."""
    page.get_by_role("button", name="Nu ophalen").click()
    expect(page.locator("#run")).to_contain_text(
        re.compile(r"pagina \d+ van ongeveer \d+"), timeout=PATIENCE
    )
    bar = page.locator("#bar")
    expect(bar).to_have_attribute("max", re.compile(r"\d+"))
    assert 0 < float(bar.get_attribute("value") or 0) <= float(bar.get_attribute("max") or 0)
    expect(page.get_by_role("button", name="Stoppen")).to_be_visible()
    return page.url


def leave(site: Running, page: Page, run: str) -> None:
    """Nobody watches, the run goes on; whoever comes back finds it finished."""
    assert page.locator("#run").get_attribute("data-state") == "working"
    page.goto("about:blank")
    page.wait_for_timeout(3000)
    page.goto(f"{site.url}/flows/1")
    for _attempt in range(40):
        if page.locator("#last").get_by_text("Klaar").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator("#last")).to_contain_text("Klaar")
    expect(page.locator("#last a").first).to_have_attribute("href", run.removeprefix(site.url))


def open_run(page: Page) -> None:
    page.locator("#last a").first.click()
    expect(page.locator("#run[data-state=ended]")).to_be_visible()
    for words in ("gelezen", "nieuw", "verzoeken over vandaag"):
        expect(page.locator("#run")).to_contain_text(words)
    page.get_by_role("link", name="Naar de stroom").click()


def change_schedule(site: Running, page: Page) -> None:
    """Another time for the first one, and a second one beside it."""
    page.locator("#schedules").get_by_title("Wijzigen").click()
    page.locator("#when-cron").check()
    page.locator("[name=when_cron]").fill("0 7 * * 1-5")
    page.get_by_role("button", name="Planning opslaan").click()
    expect(page.locator("#schedules")).to_contain_text("met cron: 0 7 * * 1-5")
    page.locator("#when-daily").check()
    page.locator("[name=when_at]").fill("03:30")
    page.locator("#when_mode").select_option("full")
    page.get_by_role("button", name="Planning opslaan").click()
    expect(page.locator("#schedules")).to_contain_text("dagelijks om 03:30")
    page.goto(f"{site.url}/schedules")
    expect(page.locator("#flows tbody tr")).to_have_count(2)


def loaded(folder: Path, table: str) -> set[tuple[str, str]]:
    """What another program reads from the Parquet files."""
    (file,) = folder.rglob(f"{table}.parquet")
    found = duckdb.sql(f"SELECT ID, Code FROM '{file}'").fetchall()  # noqa: S608  our own file
    return {(str(key), code.strip()) for key, code in found}
