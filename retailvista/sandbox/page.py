"""The frame of every page for people: a banner that says this is a sandbox, and no outside asset.

Invariant: whoever sees a page sees that it is not Exact Online.
"""

from __future__ import annotations

from html import escape

from retailvista.sandbox.answers import Request
from retailvista.sandbox.words import say

STYLE = """
:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f6f4ee;color:#222}
header{background:#7a3b00;color:#fff;padding:.6rem 1rem}header strong{font-size:1.1rem}
header p{margin:0}main{max-width:72rem;margin:0 auto;padding:1rem}main.narrow{max-width:30rem}
nav{padding:.4rem 1rem;background:#fff3e0;display:flex;flex-wrap:wrap;gap:.3rem 1rem}
a{color:#7a3b00}.card{background:#fff;border:1px solid #d8d2c4;border-radius:.5rem;padding:1rem;
margin:0 0 1rem}.bad{border-left:.4rem solid #b00020;padding-left:.6rem}
label{display:block;margin:.6rem 0}label input:not([type=checkbox]),select{width:100%;
padding:.5rem;font:inherit}label.box{margin:.2rem 0}button{font:inherit;padding:.5rem 1.2rem;
border:1px solid #7a3b00;background:#7a3b00;color:#fff;border-radius:.3rem;cursor:pointer}
button.quiet{background:#fff;color:#7a3b00}button:focus-visible,a:focus-visible,
input:focus-visible{outline:3px solid #0057b8;outline-offset:2px}
fieldset{margin:0 0 1rem}h1{font-size:1.6rem}h2{font-size:1.2rem;margin:.2rem 0 .8rem}
.hint{color:#555;font-size:.9rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #e4dfd3;white-space:nowrap}
table.stack td{white-space:normal;overflow-wrap:anywhere;vertical-align:top}
form.inline:has(.grid){display:block;margin:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:0 1rem}
.grid fieldset{border:1px solid #d8d2c4;border-radius:.4rem;min-width:0}
.grid label{display:grid;grid-template-columns:minmax(0,1fr) 10.5rem;align-items:center;
gap:.1rem .5rem;margin:.35rem 0}.grid label code{grid-row:2;color:#666;font-size:.78rem;
overflow-wrap:anywhere}
.grid label input,.grid label select{grid-column:2;grid-row:1/3;width:100%;min-width:0}
form.inline input,form.inline select{max-width:100%}td form.inline{margin:0;align-items:center}
td form.inline label{font-size:0}td form.inline label select{font-size:.9rem}
@media(max-width:40rem){table.stack thead{display:none}table.stack tr{display:block;
padding:.4rem 0;border-bottom:1px solid #d8d2c4}table.stack td{display:grid;
grid-template-columns:9.5rem minmax(0,1fr);gap:.5rem;border:0;padding:.15rem 0}
table.stack td:empty{display:none}
table.stack td::before{content:attr(data-label);color:#666}
.grid label{grid-template-columns:minmax(0,1fr) 9rem}
td:not(.n),th{white-space:normal;overflow-wrap:break-word}td,th{padding:.25rem .3rem}
table.stack td:not(.n){overflow-wrap:anywhere}
table.stack td.n{text-align:left}}
summary{cursor:pointer;margin:.8rem 0 .3rem}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tfoot td{font-weight:bold}
form.inline{display:inline-flex;flex-wrap:wrap;gap:.4rem;align-items:end;max-width:100%;
margin:.2rem .6rem .2rem 0}
form.inline label{margin:0;max-width:100%}ol.steps{margin:0;padding-left:1.4rem}
ol.steps li{margin:.3rem 0;overflow-wrap:anywhere}
form.inline input,form.inline select{width:auto}
@media(prefers-color-scheme:dark){body{background:#1d1b17;color:#eee}.card{background:#26231d;
border-color:#4a4438}nav{background:#332a1c}a{color:#ffb870}.hint{color:#bbb}
th,td{border-color:#4a4438}button.quiet{background:#26231d;color:#ffb870}}
"""


def language_of(request: Request) -> str:
    """Dutch or English: ?lang=, else what the browser prefers."""
    asked = request.query.get("lang") or (
        request.form().get("lang", "") if request.method == "POST" else ""
    )
    if asked in ("nl", "en"):
        return asked
    return "nl" if request.headers.get("accept-language", "")[:2].lower() == "nl" else "en"


def framed(title: str, body: str, language: str, *, narrow: bool = False, nav: str = "") -> str:
    """A whole page."""
    width = ' class="narrow"' if narrow else ""
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} - Sandbox, not Exact Online</title><style>{STYLE}</style></head>
<body><header><strong>{say("banner", language)}</strong>
<p>{say("banner-explains", language)}</p></header>{nav}
<main{width}><h1>{escape(title)}</h1>{body}</main></body></html>"""


def form(
    work: str,
    fields: str,
    language: str,
    word: str = "set",
    back: str = "",
    buttons: str = "",
) -> str:
    """A form that posts to `/switch`; with buttons of its own, or one with this word."""
    hidden = {"do": work, "lang": language} | ({"back": back} if back else {})
    marks = "".join(f'<input type="hidden" name="{n}" value="{v}">' for n, v in hidden.items())
    buttons = buttons or f'<button type="submit" class="quiet">{say(word, language)}</button>'
    return f'<form class="inline" method="post" action="/switch">{marks}{fields}{buttons}</form>'


def option_list(name: str, values: list[str], present: str, label: str) -> str:
    """A choice; the label is HTML of our own."""
    options = "".join(
        f"<option{' selected' if value == present else ''}>{escape(value)}</option>"
        for value in values
    )
    return f'<label>{label} <select name="{name}">{options}</select></label>'


def table(
    heads: list[str],
    rows: list[list[object]],
    numbers: frozenset[int] = frozenset(),
    *,
    stack: bool = False,
) -> str:
    """A table; text is escaped, columns of numbers are set to the right."""
    mark = [' class="n"' if place in numbers else "" for place in range(len(heads))]
    head = "".join(f"<th{m}>{escape(text)}</th>" for m, text in zip(mark, heads, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{m} data-label="{escape(h)}">{_cell(v)}</td>'
            for m, h, v in zip(mark, heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    kind = ' class="stack"' if stack else ""
    return f'<div class="scroll"><table{kind}>{inner}</table></div>'


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def _cell(value: object) -> str:
    if isinstance(value, Markup):
        return value
    return "" if value is None else escape(str(value))
