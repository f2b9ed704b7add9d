"""Owns feeds of alerts: reading the links of others' Atom and RSS, writing ours as Atom (RFC 4287)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from bot.cap.document import Element as Xml
from bot.cap.document import name_of, parse, text_of
from bot.cap.writing import clean
from bot.domain.errors import InputError

ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"
ATOM_TYPE = "application/atom+xml"
MAX_LINKS = 200
MAX_URL = 2000  # characters
_PAGES = frozenset({"text/html", "application/xhtml+xml"})  # what a link to read for people leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where an alert of a feed can be fetched; the title and time are the feed's own words."""

    url: str
    title: str = ""
    updated: str = ""


def read_feed(data: bytes, *, base: str = "") -> list[Link]:
    """The alerts of an Atom or RSS feed, in its order, each once; `base` is the feed's own address.

    Raises InputError for what is no feed.
    """
    return links(parse(data), base)


def is_feed(root: Xml) -> bool:
    return name_of(root).lower() in ("feed", "rss", "rdf")


def links(root: Xml, base: str = "") -> list[Link]:
    """The same, of a document that is parsed already."""
    if not is_feed(root):
        begins = name_of(root)[:40]
        raise InputError(f"Line {root.sourceline}: this is no Atom or RSS feed, for it begins with <{begins}>.")
    found: dict[str, Link] = {}
    for entry in root.iter("{*}entry", "{*}item"):
        url = _absolute(_address(entry), base)
        if url:
            found.setdefault(url, Link(url=url, title=_said(entry, "title"), updated=_updated(entry)))
    return list(found.values())[:MAX_LINKS]


def _address(entry: Xml) -> str:
    """The likeliest address of the entry's alert: by its type, else by where it stands."""
    candidates = sorted(_candidates(entry), key=lambda candidate: candidate[0])
    return candidates[0][1] if candidates else ""


def _candidates(entry: Xml) -> Iterator[tuple[int, str]]:
    for element in entry:
        name, media = name_of(element), element.get("type", "").partition(";")[0].strip().lower()
        if name not in ("link", "enclosure", "content", "guid"):
            continue
        address = (element.get("href") or element.get("url") or element.get("src") or "").strip()
        if name in ("link", "guid"):  # RSS writes these as text
            address = address or text_of(element)
        if not address:
            continue
        if media == CAP_TYPE:
            yield 0, address
        elif name == "link" and element.get("rel", "alternate") == "alternate":
            yield (2 if media in _PAGES else 1), address
        elif name == "guid" and address.startswith(("http://", "https://")):
            yield 3, address


def _absolute(address: str, base: str) -> str:
    """An address on the web, or an empty text."""
    try:
        url = urljoin(base, address) if address else ""
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return url if is_web and len(url) <= MAX_URL else ""


def _said(entry: Xml, name: str) -> str:
    element = entry.find(f"{{*}}{name}")
    return "" if element is None else text_of(element)[:300]


def _updated(entry: Xml) -> str:
    return _said(entry, "updated") or _said(entry, "pubDate") or _said(entry, "date")


# --- ours -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert in our feed; `url` is where it is, and its id."""

    url: str
    language: str
    title: str
    summary: str
    updated: datetime
    published: datetime
    categories: tuple[str, ...]


def write_feed(entries: Sequence[Entry], *, url: str, title: str, author: str, updated: datetime) -> bytes:
    """The feed at `url`, in UTF-8; times are in UTC."""
    feed = Element("feed", {"xmlns": ATOM})
    _add(feed, "id", url)
    _add(feed, "title", title)
    _add(feed, "updated", _moment(updated))
    _add(SubElement(feed, "author"), "name", author)
    SubElement(feed, "link", {"rel": "self", "type": ATOM_TYPE, "href": url})
    for item in entries:
        entry = SubElement(feed, "entry", {"xml:lang": item.language})
        _add(entry, "id", item.url)
        _add(entry, "title", item.title)
        _add(entry, "updated", _moment(item.updated))
        _add(entry, "published", _moment(item.published))
        _add(entry, "summary", item.summary)
        SubElement(entry, "link", {"rel": "alternate", "type": CAP_TYPE, "href": item.url})
        for term in item.categories:
            SubElement(entry, "category", {"term": term})
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _moment(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = clean(text)
