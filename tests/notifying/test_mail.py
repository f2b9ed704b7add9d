"""Notice by e-mail, over a real SMTP server on this machine: what arrives, at whom, and what a refusal is."""

import asyncio
import email
import email.policy
from asyncio import Server as Listener
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from bot.domain.errors import Unavailable
from bot.notifying.mail import Mail, Server
from bot.services.alarms import Notice
from bot.services.desk_ports import AlarmKind

URL = "https://muster.example/console/desk"


def notice(*, is_protection: bool = False, number: str = "M-7KQ2BC") -> Notice:
    title = f"{number}: somebody needs a person now"
    return Notice(
        id="7-new",
        number=number,
        urgency="critical",
        kind=AlarmKind.NEW,
        is_protection=is_protection,
        title=title,
        text=f"{title}.\nUrgency: critical.\nOpen the console: {URL}",
        url=URL,
    )


class Box:
    """Keeps what is delivered; refuses the addresses that it is told to."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], Any]] = []
        self.refused: set[str] = set()
        self.logins: list[tuple[str, str]] = []

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append((list(envelope.rcpt_tos), letter))
        return "250 kept"

    def admit(self, _: Any, __: Any, ___: Any, ____: Any, login: Any) -> AuthResult:
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=True)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def server(box: Box) -> AsyncIterator[Listener]:
    def speak() -> SMTP:
        return SMTP(box, authenticator=box.admit, auth_require_tls=False, hostname="localhost")

    listening = await asyncio.get_running_loop().create_server(speak, "127.0.0.1", 0)
    yield listening
    listening.close()


def mail(server: Listener, login: str = "") -> Mail:
    port = server.sockets[0].getsockname()[1]
    return Mail(
        server=Server.parse(f"smtp://{login}127.0.0.1:{port}"),
        sender="muster@example.org",
        to=("duty@example.org", "chief@example.org"),
        specialists=("pia@example.org",),
        organisation="Ajuda, Brasil",
    )


async def test_everybody_on_call_gets_one_letter_in_plain_words(box: Box, server: Listener) -> None:
    await mail(server).tell(notice())
    [(to, letter)] = box.letters
    assert to == ["duty@example.org", "chief@example.org"]
    assert letter["Subject"] == "M-7KQ2BC: somebody needs a person now"
    assert letter["From"] == '"Ajuda, Brasil" <muster@example.org>'
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().splitlines() == [
        "M-7KQ2BC: somebody needs a person now.",
        "Urgency: critical.",
        f"Open the console: {URL}",
    ]


async def test_of_a_protection_case_only_specialists_get_a_letter(box: Box, server: Listener) -> None:
    """R16."""
    await mail(server).tell(notice(is_protection=True))
    [(to, letter)] = box.letters
    assert to == ["pia@example.org"]
    assert "duty@" not in str(letter)


async def test_each_try_at_one_alarm_is_the_same_letter(box: Box, server: Listener) -> None:
    for _ in range(2):
        await mail(server).tell(notice())
    assert len({letter["Message-ID"] for _, letter in box.letters}) == 1


async def test_the_login_of_the_address_is_used(box: Box, server: Listener) -> None:
    await mail(server, "us%40er:p%3Ass@").tell(notice())
    assert box.logins == [("us@er", "p:ss")]


async def test_an_address_that_is_refused_is_a_failure_that_names_nobody(box: Box, server: Listener) -> None:
    box.refused = {"chief@example.org"}
    with pytest.raises(Unavailable) as problem:
        await mail(server).tell(notice())
    assert "example.org" not in str(problem.value)


async def test_a_server_that_is_not_there_is_a_failure(server: Listener) -> None:
    there = mail(server)
    server.close()
    with pytest.raises(Unavailable):
        await there.tell(notice())


@pytest.mark.parametrize(
    ("url", "port", "is_tls"),
    [
        ("smtp://mail.example.org", 587, False),
        ("smtps://mail.example.org", 465, True),
        ("smtp://mail.example.org:25", 25, False),
    ],
)
def test_the_address_says_how_to_speak(url: str, port: int, is_tls: bool) -> None:
    server = Server.parse(url)
    assert (server.host, server.port, server.is_tls) == ("mail.example.org", port, is_tls)


def test_whom_there_is_to_tell_is_known_before() -> None:
    server = Server.parse("smtp://localhost")
    nobody = Mail(server=server, sender="a@b", to=("x@y",), specialists=(), organisation="M")
    assert nobody.reaches(is_protection=False)
    assert not nobody.reaches(is_protection=True)
    assert "secret" not in repr(Server.parse("smtp://u:secret@localhost"))
