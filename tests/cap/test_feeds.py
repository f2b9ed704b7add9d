"""Feeds: the alerts in others' Atom and RSS, whatever their shape; ours is in tests/web/test_alerts.py."""

import pytest

from bot.cap.feeds import MAX_LINKS, Link, read_feed
from bot.domain.errors import InputError

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Alerts</title><link href="https://example.org/"/>
{}</feed>"""
ENTRY = """<entry><title>Flood</title><updated>2026-05-06T12:00:00Z</updated>
<link rel="alternate" type="text/html" href="https://example.org/1.html"/>
<link rel="alternate" type="application/cap+xml" href="https://example.org/1.cap"/></entry>"""
ITEM = "<item><title>Flood</title><pubDate>Wed, 06 May 2026 12:00:00 GMT</pubDate>{}</item>"


def rss(*parts: str) -> bytes:
    return f"<rss version='2.0'><channel>{''.join(ITEM.format(part) for part in parts)}</channel></rss>".encode()


def atom(*entries: str) -> bytes:
    return ATOM.format("".join(entries)).encode()


def urls(data: bytes, base: str = "") -> list[str]:
    return [link.url for link in read_feed(data, base=base)]


def test_an_atom_feed_leads_to_its_alerts_and_not_to_pages() -> None:
    assert read_feed(atom(ENTRY)) == [
        Link(url="https://example.org/1.cap", title="Flood", updated="2026-05-06T12:00:00Z")
    ]


@pytest.mark.parametrize(
    "part",
    [
        "<link>https://example.org/1.xml</link>",
        "<link> https://example.org/1.xml\n</link><guid>urn:x:1</guid>",
        "<guid>https://example.org/1.xml</guid>",
        "<link>https://example.org/page</link><enclosure type='application/cap+xml' url='https://example.org/1.xml'/>",
        "<enclosure type='audio/mpeg' url='https://example.org/siren.mp3'/><link>https://example.org/1.xml</link>",
    ],
)
def test_an_rss_feed_leads_to_its_alerts(part: str) -> None:
    assert read_feed(rss(part)) == [
        Link(url="https://example.org/1.xml", title="Flood", updated="Wed, 06 May 2026 12:00:00 GMT")
    ]


def test_an_rdf_feed_is_read_too() -> None:
    feed = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
    <item><title>Flood</title><link>https://example.org/1.xml</link></item></rdf:RDF>"""
    assert urls(feed) == ["https://example.org/1.xml"]


def test_links_are_relative_to_the_feed() -> None:
    relative = atom('<entry><link type="application/cap+xml" href="../1.cap"/></entry>')
    assert urls(relative, "https://example.org/feeds/all.atom") == ["https://example.org/1.cap"]
    assert urls(relative) == []


def test_each_alert_is_told_once() -> None:
    assert urls(atom(ENTRY, ENTRY)) == ["https://example.org/1.cap"]


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:alert(1)", "ftp://example.org/1", "//[", "https://", "x" * 3000]
)
def test_only_addresses_of_the_web_are_links(address: str) -> None:
    assert urls(rss(f"<link>{address}</link>")) == []


def test_an_entry_with_its_alert_inside_is_no_address() -> None:
    inside = "<entry><content type='application/cap+xml'><alert>text</alert></content></entry>"
    assert urls(atom(inside), "https://example.org/all.atom") == []


def test_a_feed_without_end_is_cut() -> None:
    assert (
        len(urls(rss(*(f"<link>https://example.org/{number}</link>" for number in range(MAX_LINKS + 5))))) == MAX_LINKS
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>", "no Atom or RSS feed, for it begins with <alert>"),
        (b"<!DOCTYPE rss><rss/>", "document type"),
        (b"<rss><channel>", "Line 1"),
    ],
)
def test_what_is_no_feed_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_feed(data)
