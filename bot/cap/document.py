"""Owns reading XML that a stranger wrote: bounded, without entities, DTD or network; and CAP's schema."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from bot.domain.errors import InputError

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_SAID = 5  # of a schema's complaints
ASK_AGAIN = "Ask the sender for a valid CAP 1.2 file."

Element = Any  # an element of lxml, which has no types

# Encodings in which markup is ASCII. Others could hide a DTD from the look at the text, and no authority uses them.
_ENCODINGS = re.compile(r"utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_DECLARED = re.compile(rb"""\A<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_SCHEMA = Path(__file__).with_name("CAP-v1.2.xsd")


def parse(data: bytes) -> Element:
    """The root element, without comments. Raises InputError with the line of what is wrong."""
    if len(data) > MAX_BYTES:
        raise InputError(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB: an alert has a few KB.")
    text = _decoded(data)
    if definition := re.search("<!DOCTYPE|<!ENTITY", text):
        line = text.count("\n", 0, definition.start()) + 1
        raise InputError(f"Line {line}: the file defines a document type, which an alert never does. Do not trust it.")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"Line {error.lineno}: this is no whole XML file ({error.msg}). {ASK_AGAIN}") from None
    if root.getroottree().docinfo.internalDTD is not None or root.xpath(f"boolean({'/*' * (MAX_DEPTH + 1)})"):
        raise InputError(f"The file is nested deeper than any alert. {ASK_AGAIN}")
    return root


def _decoded(data: bytes) -> str:
    """The text in its encoding, which is found before any parser looks. Raises InputError."""
    if not data.strip():
        raise InputError(f"The file is empty. {ASK_AGAIN}")
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    body = data.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(body)
    encoding = "utf-16" if is_wide else declared[1].decode("ascii") if declared else "utf-8"
    if not is_wide and not _ENCODINGS.fullmatch(encoding):
        raise InputError(f"Line 1: the encoding {encoding} is not read. Save the file as UTF-8.")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise InputError(f"Line {line} is not written in {encoding}. Save the file as UTF-8.") from None
    except LookupError:
        raise InputError(f"Line 1: the encoding {encoding} is not known. Save the file as UTF-8.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"Line {line} holds a NUL: this is no XML file. {ASK_AGAIN}")
    return text


# --- schema ---------------------------------------------------------------------------------------------------------


def check(root: Element) -> None:
    """Raises InputError with lines where the document is no CAP 1.2 alert by OASIS's schema."""
    if root.tag != f"{{{CAP}}}alert":
        raise InputError(_stranger(str(root.tag), root.sourceline))
    schema = _schema()
    if not schema.validate(root):
        said = [f"line {entry.line}: {_plain(entry.message)}" for entry in schema.error_log]
        more = f" (and {len(said) - MAX_SAID} more)" if len(said) > MAX_SAID else ""
        raise InputError(f"This is no valid CAP 1.2 alert: {' '.join(said[:MAX_SAID])}{more} {ASK_AGAIN}")


def _stranger(tag: str, line: int) -> str:
    if tag.startswith(("{urn:oasis:names:tc:emergency:cap:", "{http://www.incident.com/cap/")):
        version = tag.partition("}")[0].rpartition(":" if "urn:" in tag else "/")[2]
        return f"Line {line}: this is CAP {version[:10]}, and only 1.2 is read. {ASK_AGAIN}"
    return f"Line {line}: this is no CAP 1.2 alert, for it begins with <{tag[:80]}>. {ASK_AGAIN}"


def _plain(message: str) -> str:
    return message.replace(f"{{{CAP}}}", "").replace("\n", " ")[:300]


@lru_cache(maxsize=1)
def _schema() -> Any:
    return etree.XMLSchema(etree.parse(_SCHEMA))


# --- reading elements -----------------------------------------------------------------------------------------------


def name_of(element: Element) -> str:
    """The tag without its namespace."""
    return str(etree.QName(element).localname)


def text_of(element: Element) -> str:
    """All text within, without the space around it."""
    return "".join(element.itertext()).strip()


def children(element: Element, name: str, namespace: str = CAP) -> Iterator[Element]:
    return iter(element.findall(f"{{{namespace}}}{name}"))


def child_text(element: Element, name: str) -> str:
    """The text of CAP's element of this name; an empty one where there is none."""
    found = next(children(element, name), None)
    return "" if found is None else text_of(found)
