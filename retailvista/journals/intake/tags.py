# ruff: noqa: N815 - the names are those of the schema
"""The elements that are read from a till file, with their namespace made ready for lxml."""

from __future__ import annotations

from typing import NamedTuple


class TillTags(NamedTuple):
    """The elements that are read, with the namespace of the file."""

    nr: str
    transID: str
    transType: str
    transAmntIn: str
    transAmntEx: str
    amntTp: str
    transDate: str
    transTime: str
    bookDate: str
    desc: str
    ctLine: str
    lineID: str
    lineType: str
    artGroupID: str
    artID: str
    qnt: str
    lineAmntIn: str
    lineAmntEx: str
    costID: str
    lineAmntInAccID: str
    cashTransLineDescr: str
    vat: str
    vatCode: str
    vatPerc: str
    vatAmnt: str
    rounding: str
    accID: str
    payment: str
    paymentType: str
    paidAmnt: str
    curCode: str
    voidTransaction: str
    trainingID: str

    @classmethod
    def of(cls, namespace: str) -> TillTags:
        return cls(*(f"{{{namespace}}}{field}" for field in cls._fields))
