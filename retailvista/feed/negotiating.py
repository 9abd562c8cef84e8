"""Formats and versions: what the headers of a request ask for, and what can be given.

OData 4.01 Part 1, chapter 8, and JSON Format 4.01, chapters 3 and 4. A media range with a
parameter that is not known fits nothing; another range of the same header may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retailvista.feed.failures import BadQuery, NotAcceptable, NotIsolated

V40, V401 = "4.0", "4.01"
JSON, XML, TEXT = "application/json", "application/xml", "text/plain"
METADATA = ("none", "minimal", "full")
SWITCHES = {"streaming", "ieee754compatible", "exponentialdecimals"}
RANGE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
PART = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Format:
    """How an answer is written."""

    media: str = JSON
    metadata: str = "minimal"
    version: str = V40
    texts_for_numbers: bool = False
    charset: bool = False

    @property
    def sign(self) -> str:
        """What names of control information begin with."""
        return "@odata." if self.version == V40 else "@"

    @property
    def content_type(self) -> str:
        if self.media != JSON:
            return f"{self.media};charset=utf-8" if self.media == TEXT else self.media
        prefix = "odata." if self.version == V40 else ""
        number = ";IEEE754Compatible=true" if self.texts_for_numbers else ""
        charset = ";charset=utf-8" if self.charset else ""
        return f"{JSON};{prefix}metadata={self.metadata}{number}{charset}"


def version_of(headers: Mapping[str, str]) -> str:
    """4.0, unless the client says that it understands more."""
    _check_sent_version(headers.get("OData-Version", ""))
    text = headers.get("OData-MaxVersion", "").strip()
    if not text:
        return V40
    found = VERSION.fullmatch(text)
    if found is None:
        raise BadQuery(f"OData-MaxVersion {text[:20]!r} is no version.", "OData-MaxVersion")
    if int(found[1]) < 4:
        raise BadQuery("This feed speaks OData 4.0 and 4.01 only.", "OData-MaxVersion")
    return V401 if (int(found[1]), found[2]) >= (4, "01") else V40


def _check_sent_version(text: str) -> None:
    if text.strip() and text.strip() not in (V40, V401):
        raise BadQuery("This feed speaks OData 4.0 and 4.01 only.", "OData-Version")


def check_isolation(headers: Mapping[str, str]) -> None:
    """NotIsolated when a snapshot is asked for: its pages are read one after the other (8.2.8)."""
    for name in ("OData-Isolation", "Isolation"):
        if headers.get(name, "").strip().lower() == "snapshot":
            raise NotIsolated("A feed gives no snapshot over several requests.", name)


def negotiated(media: str, accept: str, asked: str | None, version: str) -> Format:
    """The format of an answer that is `media` by its nature; $format goes before Accept."""
    if asked is not None:
        return _asked(media, asked, version)
    best: tuple[float, Format] | None = None
    for quality, found in _offers(media, accept or "*/*", version):
        if quality > 0 and (best is None or quality > best[0]):
            best = quality, found
    if best is None:
        raise NotAcceptable(f"This answer is {media}; the Accept header permits none of that.")
    return best[1]


def _asked(media: str, asked: str, version: str) -> Format:
    short = {"json": JSON, "xml": XML}.get(asked.strip().lower(), asked)
    if "/" not in short:
        raise NotAcceptable(f"$format {asked[:40]!r} is not offered.", "$format")
    found = [found for quality, found in _offers(media, short, version) if quality > 0]
    if not found:
        raise NotAcceptable(f"$format {asked[:40]!r} is not offered here.", "$format")
    return found[0]


def _offers(media: str, accept: str, version: str) -> Iterator[tuple[float, Format]]:
    """What each media range that fits would get."""
    for text in RANGE.findall(accept):
        name, *parameters = [part.strip() for part in PART.findall(text)]
        if name.lower() not in (media, f"{media.split('/', maxsplit=1)[0]}/*", "*/*", "*"):
            continue
        quality, found = _with_parameters(Format(media, version=version), parameters)
        if found is not None:
            yield quality, found


def _with_parameters(found: Format, parameters: list[str]) -> tuple[float, Format | None]:
    values: dict[str, str] = {}
    quality = 1.0
    for parameter in parameters:
        name, _equals, value = (
            piece.strip().strip('"').lower() for piece in parameter.partition("=")
        )
        if name == "q":
            quality = _quality(value)
            break  # what follows belongs to Accept, not to the media type (RFC 9110, 12.5.1)
        values[name.removeprefix("odata.")] = value
    if found.media != JSON:
        return quality, found
    metadata = values.pop("metadata", "minimal")
    charset = values.pop("charset", "")
    known = set(values) <= SWITCHES and set(values.values()) <= {"true", "false"}
    if metadata not in METADATA or not known or charset not in ("", "utf-8"):
        return quality, None
    as_text = values.get("ieee754compatible") == "true"
    return quality, Format(JSON, metadata, found.version, as_text, bool(charset))


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0


def page_size_of(prefer: str, usual: int, most: int) -> tuple[int, str]:
    """Rows per page, and the preference that was applied."""
    for text in prefer.split(","):
        name, _equals, value = (piece.strip() for piece in text.partition("="))
        if name.lower() in ("odata.maxpagesize", "maxpagesize"):
            number = value.strip('"')
            if re.fullmatch(r"[0-9]{1,9}", number) and int(number) > 0:
                size = min(int(number), most)
                return size, f"{name}={size}"
    return usual, ""
