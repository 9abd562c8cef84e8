"""Our side beside the sandbox's Sage: connectors of Sage Accounting that log in as people do."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType

from retailvista import db
from retailvista.companies.models import LICENCE_SAGE, Licence
from retailvista.connectors.models import Grant
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.sandbox.sage.seed import business_id
from tests.connectors.side import Side
from tests.sandbox.sage_visitor import SageVisitor

IRELAND, BRITAIN = division_of(business_id(1)), division_of(business_id(2))


class SageSide(Side):
    """The product's side, with connectors to Sage."""

    provider = "sage-accounting"
    books = MappingProxyType({"name": "Sage", "division": IRELAND, "journal_code": "JNL"})

    def license_sage(self) -> None:
        """The company in scope may use Sage."""
        with db.transaction(self.session):
            self.session.add(Licence(name=LICENCE_SAGE))

    def code_of(self, user: str) -> str:
        return SageVisitor(self.sandbox).code(user)

    def token_calls(self) -> int:
        self.sandbox.judge.flush()
        rows = self.sandbox.store.rows("SELECT count(*) FROM call WHERE path = '/token'")
        return int(rows[0][0])

    def grants(self) -> list[Grant]:
        """Every grant of the company, oldest first."""
        with db.reading(self.session):
            return list(self.session.query(Grant).order_by(Grant.id).populate_existing())

    @classmethod
    def beside(cls, side: Side) -> SageSide:
        """The same side, speaking Sage."""
        made = cls(**{one.name: getattr(side, one.name) for one in fields(Side)})
        made.license_sage()
        return made
