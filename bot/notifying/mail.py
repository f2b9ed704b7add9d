"""Owns notice by e-mail, handed to an SMTP server."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.domain.errors import Unavailable
from bot.services.alarms import Notice

SECONDS = 20.0
_PORTS = {"smtps": 465, "smtp": 587}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An SMTP server: `smtps://` speaks TLS from the first byte, `smtp://` turns to it (STARTTLS) but on loopback."""

    host: str
    port: int
    is_tls: bool
    username: str = ""
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)  # None trusts what this machine trusts

    @classmethod
    def parse(cls, url: str) -> Self:
        """From `smtp[s]://[user:password@]host[:port]`; parts of the login are percent-encoded."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    async def send(self, message: EmailMessage) -> None:
        """Raises Unavailable when the server does not take it for everybody."""
        is_near = self.host in _LOOPBACK
        try:
            refused, _ = await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.username or None,
                password=self.password or None,
                use_tls=self.is_tls,
                start_tls=None if self.is_tls or is_near else True,  # never in clear over a network
                tls_context=self.context,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            # Not the server's own words: they repeat addresses.
            raise Unavailable(f"the mail server did not take it: {type(error).__name__}") from error
        if refused:
            raise Unavailable(f"the mail server refused {len(refused)} of the addresses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Writes to the people on call, and of what is protected to specialists only (R16)."""

    server: Server
    sender: str
    to: Sequence[str]
    specialists: Sequence[str]
    organisation: str
    name: str = "mail"

    def reaches(self, *, is_protection: bool) -> bool:
        return bool(self.specialists if is_protection else self.to)

    async def tell(self, notice: Notice) -> None:
        await self.server.send(self._message(notice))

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(display_name=self.organisation, addr_spec=self.sender)
        message["To"] = ", ".join(self.specialists if notice.is_protection else self.to)
        message["Subject"] = notice.title
        # The same for each try: who has it already is shown one, not two.
        message["Message-ID"] = f"<alarm-{notice.id}-{notice.number}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Priority"] = "1"
        message.set_content(f"{notice.text}\n")
        return message
