"""Who may do what: every role, every deed, every kind of thing."""

from datetime import timedelta

import pytest

from bot.domain.case import Case, CaseId, Topic, Urgency, compartment_of
from bot.domain.contact import ContactId
from bot.domain.document import Document, DocumentId
from bot.domain.employer import EmployerId
from bot.domain.errors import Denied
from bot.domain.staff import Role
from bot.services import access
from bot.services.access import Deed, Matter, Reader, Subject, may, require
from tests.stand import NOW

WORKER = ContactId("c1")


def a_case(topic: Topic, contact: ContactId = WORKER) -> Case:
    return Case(
        id=CaseId("k1"),
        number="M-ABC234",
        contact=contact,
        topic=topic,
        urgency=Urgency.NORMAL,
        compartment=compartment_of(topic),
        opened_at=NOW,
        due_at=NOW,
    )


PHOTO = Document(
    id=DocumentId("d1"),
    contact=WORKER,
    kind="photo",
    media_type="image/jpeg",
    size=1,
    stored_at=NOW,
    expires_at=NOW + timedelta(days=1),
)
MINE, THEIRS = EmployerId("mine"), EmployerId("theirs")
WAGES, BEATEN = a_case(Topic.WAGES), a_case(Topic.ABUSE)
SUBJECTS: dict[str, Subject] = {
    "case": access.of_case(WAGES),
    "protected case": access.of_case(BEATEN),
    "conversation": access.of_conversation(WORKER, [WAGES]),
    "protected conversation": access.of_conversation(WORKER, [WAGES, BEATEN]),
    "document": access.of_document(PHOTO, [WAGES]),
    "protected document": access.of_document(PHOTO, [BEATEN, WAGES]),
    "place": access.PLACE,
    "own roster": access.of_roster(MINE),
    "own broadcasts": access.of_broadcasts(MINE),
    "another's roster": access.of_roster(THEIRS),
    "another's broadcasts": access.of_broadcasts(THEIRS),
    "staff": access.STAFF,
    "audit": access.AUDIT,
    "report": access.REPORT,
    "settings": access.SETTINGS,
    "training": access.TRAINING,
}
# r read, a answer, c change, x export, e erase, p approve; in the order of SUBJECTS.
TABLE = {
    Role.CONTACT: "rxe    rxe    rxe    rxe    rxe    rxe    r      -      -      -      -      -  -  -  -  -",
    Role.OPERATOR: "rac    -      rac    -      rac    -      rc     -      r      -      r      -  -  -  r  rc",
    Role.SUPERVISOR: "racx   -      racx   -      racx   -      rcx    -      rx     -      rx     r  -  rx rc rcx",
    Role.SPECIALIST: "rac    racx   rac    racx   rac    racx   rc     -      r      -      r      -  -  r  r  rc",
    Role.AUTHOR: "-      -      -      -      -      -      r      rcx    rcx    -      -      -  -  -  -  -",
    Role.APPROVER: "-      -      -      -      -      -      r      rcx    rcxp   -      -      -  -  -  -  -",
    Role.ADMINISTRATOR: "-      -      -      -      -      -      rcxe   rcxep  rcxep  rcxep  rcxep  rc rx rx rc x",
    Role.SYSTEM: "racxep racxep racxep racxep racxep racxep racxep racxep racxep racxep racxep "
    "racxep racxep racxep racxep racxep",
}
LETTERS = {"r": Deed.READ, "a": Deed.ANSWER, "c": Deed.CHANGE, "x": Deed.EXPORT, "e": Deed.ERASE, "p": Deed.APPROVE}
ROWS = [
    (role, name, letter, letter in cell)
    for role, cells in TABLE.items()
    for name, cell in zip(SUBJECTS, cells.split(), strict=True)
    for letter in LETTERS
]


def test_the_table_has_every_role_every_deed_and_every_matter() -> None:
    assert set(TABLE) == set(Role)
    assert set(LETTERS.values()) == set(Deed)
    assert {subject.matter for subject in SUBJECTS.values()} == set(Matter)


@pytest.mark.parametrize(("role", "name", "letter", "is_allowed"), ROWS)
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    role: Role, name: str, letter: str, is_allowed: bool
) -> None:
    """R2, R16: employers reach nothing personal, and protection is for specialists."""
    reader = Reader(role=role, id=WORKER if role is Role.CONTACT else "s1", employer=MINE)
    assert may(reader, LETTERS[letter], SUBJECTS[name]) is is_allowed


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "place"])
@pytest.mark.parametrize("deed", Deed)
def test_a_contact_reaches_nothing_of_another_contact(name: str, deed: Deed) -> None:
    assert not may(Reader(role=Role.CONTACT, id="c2"), deed, SUBJECTS[name])


@pytest.mark.parametrize("deed", Deed)
def test_what_belongs_to_nobody_is_no_contacts_own(deed: Deed) -> None:
    assert not may(Reader(role=Role.CONTACT, id=""), deed, Subject(matter=Matter.CASE))


def test_a_refusal_tells_nothing_of_what_was_asked_for() -> None:
    """R2: not even by an error's text."""
    reader = Reader(role=Role.AUTHOR, id="s1")
    texts = set()
    for name in ("case", "protected case", "conversation", "protected document"):
        with pytest.raises(Denied) as refused:
            require(reader, Deed.READ, SUBJECTS[name])
        texts.add(str(refused.value))
    (text,) = texts
    assert not any(word in text.lower() for word in ("case", "worker", "protection", "document"))


def test_what_is_allowed_passes_in_silence() -> None:
    require(Reader(role=Role.SPECIALIST, id="s1"), Deed.READ, SUBJECTS["protected case"])
