"""Owns telling who says to have signed an alert. Nothing is verified here: it is shown as a claim."""

import base64

from cryptography import x509

from bot.cap.document import SIGNATURE, Element, children, text_of

MAX_NAME = 200
_NAMES = ("X509SubjectName", "KeyName")  # what a signature says in words of its key


def signatures(root: Element) -> list[Element]:
    """The XML signatures at the end of an alert."""
    return list(children(root, "Signature", SIGNATURE))


def claimed_signer(signature: Element) -> str:
    """The name that a signature gives its key, or its certificate's subject; an empty one where it gives none."""
    for name in _NAMES:
        for element in signature.iter(f"{{{SIGNATURE}}}{name}"):
            if said := text_of(element):
                return said[:MAX_NAME]
    return next(map(_subject, signature.iter(f"{{{SIGNATURE}}}X509Certificate")), "")[:MAX_NAME]


def _subject(certificate: Element) -> str:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text_of(certificate))).subject.rfc4514_string()
    except (ValueError, TypeError):  # binascii.Error is a ValueError
        return ""
