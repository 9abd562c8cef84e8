"""Forms: WTForms with the words of the page's language. CSRF is checked before any view runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import Form
from wtforms.fields.choices import SelectChoice

from retailvista.web.languages import language


class PageForm(Form):
    """A form that speaks Dutch or English."""

    class Meta:
        """WTForms looks its own words up by these locales."""

        @property
        def locales(self) -> list[str]:
            return [language(), "en"]

    def complain(self, field: str, message: str) -> None:
        """Put a refusal of a use case at the field it is about."""
        self[field].errors = [*self[field].errors, message]

    def values(self, *names: str) -> dict[str, Any]:
        """The values of some fields, for a use case that names its arguments the same."""
        return {name: self[name].data for name in names}


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Options of a select field from (value, words)."""
    return [SelectChoice(value, words) for value, words in pairs]
