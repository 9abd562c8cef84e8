"""Our side beside the sandbox's Sage: connectors of Sage Accounting that log in as people do."""

from __future__ import annotations

from retailvista import db
from retailvista.companies.models import LICENCE_SAGE, Licence
from retailvista.connectors.logins import LoginResult, finish_login
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.registering import reserve, save
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.sandbox.sage.seed import business_id
from tests.connectors.side import BOUND, PERSON, Side
from tests.sandbox.sage_visitor import SageVisitor
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, SECRET

IRELAND, BRITAIN = division_of(business_id(1)), division_of(business_id(2))


class SageSide(Side):
    """The product's side, with connectors to Sage."""

    def license_sage(self) -> None:
        """The company in scope may use Sage."""
        with db.transaction(self.session):
            self.session.add(Licence(name=LICENCE_SAGE))

    def add_connector(self, number: int = 25, **more: object) -> Connector:
        reserve(self.session, "sage-accounting", PERSON, number)
        values: dict[str, object] = {
            "name": "Sage" if number == 25 else f"Sage {number}",
            "site": self.sandbox.url,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "callback_url": CALLBACK,
            "division": IRELAND,
            "journal_code": "JNL",
        }
        problems = save(
            self.session,
            self.outside.vault,
            number,
            values | more,
            PERSON,
            provider_hosts=[self.sandbox.url],
            apps=self.outside.apps,
        )
        assert not [p for p in problems if not p.is_warning], problems
        return self.connector(number)

    def log_in(
        self, number: int = 25, user: str = BOOKKEEPER, *, again: bool = False
    ) -> LoginResult:
        state = self.state_of_login(number, again=again)
        code = SageVisitor(self.sandbox).code(user)
        return finish_login(self.outside, number, state, code, "", BOUND, PERSON)

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
        made = cls(**{name: getattr(side, name) for name in Side.__dataclass_fields__})
        made.license_sage()
        return made
