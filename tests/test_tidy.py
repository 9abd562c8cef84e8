"""The house is tidy: sizes, names, one home for time, money and commits, a map that is true.

Every rule is shown a planted violation first: a check that cannot fail is no check.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

import retailvista
from tests import tidy_rules as rules
from tests import tidy_texts as texts

ROOT = Path(__file__).resolve().parent.parent
GLOBAL_TABLES = {"company", "user", "session", "lane", "instance", "alembic_version"}

FOLDERS = ("retailvista", "tests", "bench", "scripts")
MODULES = [
    rules.Module.read(ROOT, file)
    for folder in FOLDERS
    for file in sorted((ROOT / folder).rglob("*.py"))
] + [rules.Module.read(ROOT, file) for file in ROOT.glob("*.py")]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

LONG_FUNCTION = '"""A."""\ndef f():\n' + "    x = 1\n" * 40

PLANTED = [
    (rules.file_size, "retailvista/ledger/money.py", '"""A."""\n' + "x = 1\n" * 300),
    (rules.function_size, "retailvista/ledger/money.py", LONG_FUNCTION),
    (rules.module_docstring, "retailvista/ledger/money.py", "x = 1\n"),
    (rules.module_name, "retailvista/web/utils.py", ""),
    (rules.module_name, "retailvista/common/money.py", ""),
    (rules.reads_the_time, "retailvista/web/a.py", "import datetime\ndatetime.datetime.now()\n"),
    (rules.reads_the_time, "retailvista/runs/a.py", "from datetime import date\ndate.today()\n"),
    (rules.reads_the_time, "retailvista/runs/a.py", "import time\ntime.sleep(1)\n"),
    (rules.reads_the_time, "retailvista/runs/a.py", "from time import monotonic\n"),
    (rules.float_money, "retailvista/journals/building.py", "x = float('1.1')\n"),
    (rules.float_money, "retailvista/ledger/money.py", "x = 1.1\n"),
    (rules.blind_except, "retailvista/web/a.py", "try:\n    x\nexcept Exception:\n    x\n"),
    (rules.blind_except, "retailvista/web/a.py", "try:\n    x\nexcept:\n    x\n"),
    (rules.blind_except, "retailvista/a.py", "try:\n    x\nexcept (OSError, Exception):\n    x\n"),
    (rules.stray_error, "retailvista/web/a.py", "class Bad(ValueError):\n    pass\n"),
    (rules.commits, "retailvista/web/a.py", "db.session.commit()\n"),
    (rules.sandbox_at_the_top, "retailvista/cli.py", "from retailvista.sandbox import exact\n"),
    (rules.sandbox_at_the_top, "retailvista/cli.py", "import retailvista.sandbox.exact\n"),
    (rules.made_tables, "tests/conftest.py", "db.create_all()\n"),
    (rules.weak_tests, "tests/test_a.py", "import pytest\npytest.skip('x')\n"),
    (rules.weak_tests, "tests/test_a.py", "from unittest.mock import patch\n"),
    (rules.packs_with_the_time, "tests/test_a.py", "import gzip\ngzip.compress(b'x')\n"),
    (rules.unfinished, "retailvista/web/a.py", "x = 1  # TO" + "DO\n"),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_each_rule_finds_a_planted_violation(rule, path, source):
    assert list(rule(rules.Module(path, source)))


def test_tidying_up_and_raising_again_is_handling():
    source = "try:\n    x\nexcept BaseException:\n    rollback()\n    raise\n"
    assert not list(rules.blind_except(rules.Module("retailvista/db.py", source)))


def test_no_rule_is_without_a_planted_violation():
    assert {rule for rule, _, _ in PLANTED} == set(rules.RULES)


@pytest.mark.parametrize("rule", rules.RULES)
def test_the_product_keeps_every_rule(rule):
    assert len(MODULES) > 10
    complaints = [complaint for module in MODULES for complaint in rule(module)]
    assert not complaints, "\n".join(complaints)


def tenant_classes() -> frozenset[str]:
    """Names of the mapped classes whose rows belong to one company."""
    from retailvista.companies.scope import CompanyOwned

    load_models()
    found: set[str] = set()
    waiting = [CompanyOwned]
    while waiting:
        children = waiting.pop().__subclasses__()
        found |= {child.__name__ for child in children}
        waiting += children
    return frozenset(found)


def load_models() -> MetaData:
    from retailvista.db import Base

    for found in pkgutil.walk_packages(retailvista.__path__, "retailvista."):
        if found.name.endswith(".models") and ".sandbox" not in found.name:
            importlib.import_module(found.name)
    return Base.metadata


def test_rows_of_a_company_are_never_fetched_by_session_get():
    names = tenant_classes()
    assert {"Store", "Connector"} <= names
    planted = rules.Module("retailvista/web/a.py", "row = session.get(models.Store, 1)\n")
    assert list(rules.tenant_get(planted, names))
    complaints = [line for module in MODULES for line in rules.tenant_get(module, names)]
    assert not complaints, "\n".join(complaints)


def without_company(metadata: MetaData) -> set[str]:
    """Tables whose rows could belong to nobody, or to everybody."""
    return {
        name
        for name, table in metadata.tables.items()
        if name not in GLOBAL_TABLES
        and ("company_id" not in table.columns or table.columns["company_id"].nullable)
    }


def test_every_table_belongs_to_a_company():
    planted = MetaData()
    Table("loose", planted, Column("id", Integer, primary_key=True))
    Table("optional", planted, Column("company_id", Integer, nullable=True))
    assert without_company(planted) == {"loose", "optional"}

    metadata = load_models()
    assert len(metadata.tables) > 10
    assert without_company(metadata) == set()


def packages() -> list[str]:
    """Top-level packages and modules, as the folder map must name them."""
    return sorted(
        found.name for found in pkgutil.iter_modules(retailvista.__path__) if found.name[0] != "_"
    )


def test_the_folder_map_is_complete():
    assert list(texts.missing_from_map("ledger: money", ["ledger", "web"], "map")) == [
        "map does not name web"
    ]
    assert "ledger" in packages()
    document = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    complaints = [
        *texts.missing_from_map(document, packages(), "docs/map.md"),
        *texts.missing_from_map(retailvista.__doc__, packages(), "retailvista/__init__.py"),
    ]
    assert not complaints, "\n".join(complaints)


def test_links_in_documents_lead_somewhere(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One Thing\n[a](gone.md) [b](#one-thing) [c](#two) ![d](none.png)\n")
    planted = list(texts.dead_links(page, page.read_text()))
    assert len(planted) == 3, planted

    assert len(DOCUMENTS) > 5
    complaints = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in DOCUMENTS
        for line in texts.dead_links(path, path.read_text(encoding="utf-8"))
    ]
    assert not complaints, "\n".join(complaints)


def test_no_text_names_a_machine_or_a_registry():
    planted = "pip install --find-links /opt/" + "pypi/files\n"
    assert list(texts.forbidden_texts("a.md", planted))

    complaints = [
        line
        for file in texts.tracked_files(ROOT)
        if file.suffix in texts.TEXT_SUFFIXES and file.stat().st_size < 2_000_000
        for line in texts.forbidden_texts(
            file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        )
    ]
    assert not complaints, "\n".join(complaints)


def test_no_command_hides_its_failure():
    for name in ("Makefile", ".ci/run"):
        assert "|| true" not in (ROOT / name).read_text(encoding="utf-8"), name
