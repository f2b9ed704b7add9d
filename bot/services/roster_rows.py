"""Owns reading an employer's list of people from rows of a table: who they are, and every problem by row and column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.domain.contact import Address, Listing, plain_name
from bot.domain.employer import Site, SiteId
from bot.engine.extract import fold
from bot.services.cells import (
    MAX_PROBLEMS,
    CellReader,
    Row,
    RowProblem,
    first_line,
    header,
    is_blank,
    is_shortened,
    language,
    nationality,
    parts,
    persons_phone,
    plain,
)

COLUMNS = ("name", "phone", "language", "site", "group", "nationality", "employee_number", "whatsapp")
ALIASES: Mapping[str, Sequence[str]] = {
    "name": ("full name", "worker", "nombre", "nombre completo", "nome", "nome completo", "الاسم", "الاسم الكامل"),
    "phone": (
        "phones", "phone number", "mobile", "mobile number", "cell", "telephone", "tel", "teléfono", "celular", "móvil",
        "número de teléfono", "telefone", "telemóvel", "número de telefone", "الهاتف", "رقم الهاتف", "الجوال",
    ),
    "language": ("languages", "idioma", "lengua", "língua", "اللغة", "لغة"),
    "site": ("workplace", "site code", "sitio", "lugar", "obra", "planta", "local", "unidade", "الموقع", "موقع العمل"),
    "group": ("groups", "team", "shift", "grupo", "grupos", "equipo", "turno", "equipe", "المجموعة", "المجموعات"),
    "nationality": ("country", "nacionalidad", "país", "nacionalidade", "الجنسية"),
    "employee_number": (
        "number", "employee no", "employee id", "staff number", "staff id", "id", "número de empleado", "legajo",
        "matrícula", "número de funcionário", "رقم الموظف", "الرقم الوظيفي",
    ),
    "whatsapp": ("wa", "whats app", "واتساب", "واتس اب"),
}  # fmt: skip
SAME = frozenset({"same", "yes", "y", "true", "1", "x", "mismo", "igual", "si", "mesmo", "sim", "نفسه", "نعم"})
NO = frozenset({"no", "n", "none", "false", "0", "-", "nao", "لا"})
MAX_PHONES, MAX_GROUPS, MAX_GROUP, MAX_NUMBER = 3, 10, 64, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person as a file tells of them; `rows` are those that told it, and empty facts were not told."""

    rows: tuple[int, ...]
    listing: Listing
    site: SiteId | None = None
    groups: tuple[str, ...] = ()
    is_without_whatsapp: bool = False  # the file says so; an empty cell says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSheet:
    """What a table says: its people, each once, and the problems of the rows that cannot be read."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    @property
    def merged(self) -> int:
        """How many rows told of somebody whom an earlier row had told of."""
        return sum(len(entry.rows) - 1 for entry in self.entries)

    @property
    def sites(self) -> frozenset[SiteId]:
        return frozenset(entry.site for entry in self.entries if entry.site is not None)


def read_roster(rows: Iterable[Row], *, sites: Sequence[Site], region: str) -> RosterSheet:
    """Read a header and its rows. `sites` are the employer's own; `region` is for phones without a country's number."""
    lines = iter(rows)
    first = first_line(lines)
    if first is None:
        return RosterSheet(
            problems=(RowProblem(row=1, column="", message="the file is empty: begin with a header row"),)
        )
    columns, problems = header(first, columns=COLUMNS, aliases=_aliases())
    if not problems and not {"phone", "whatsapp", "employee_number"} & set(columns):
        problems = [RowProblem(row=first[0], column="phone", message="is missing in the header")]
    if problems:
        return RosterSheet(problems=tuple(problems))
    workplaces = _Workplaces(sites, is_column="site" in columns)
    gathering = _Gathering(workplaces)
    for number, cells in lines:
        if is_blank(cells):
            continue
        reader = CellReader(number, columns, cells)
        entry = _entry(reader, workplaces, region)
        if entry is not None:
            gathering.take(entry, reader)
        problems += reader.problems
        if len(problems) > MAX_PROBLEMS:
            problems.append(RowProblem(row=number, column="", message="too many problems: reading stopped here"))
            break
    return RosterSheet(entries=tuple(gathering.entries), problems=tuple(problems))


def read_person(typed: Mapping[str, str], *, sites: Sequence[Site], region: str) -> RosterSheet:
    """One person typed by hand, column by column, in the words that a file may use; nothing in it is required."""
    reader = CellReader(1, COLUMNS, [typed.get(column, "") for column in COLUMNS])
    workplaces = _Workplaces(sites, is_column=False, has_default=False)
    entry = _entry(reader, workplaces, region, needs_number=False)
    return RosterSheet(entries=(entry,) if entry else (), problems=tuple(reader.problems))


@lru_cache(maxsize=1)
def _aliases() -> Mapping[str, str]:
    return {plain(name): column for column, names in ALIASES.items() for name in names}


def _entry(reader: CellReader, workplaces: "_Workplaces", region: str, *, needs_number: bool = True) -> Entry | None:
    """The person of one row, or None when anything is wrong with it."""
    phones = reader.read("phone", lambda text: _phones(text, region))
    listing = Listing(
        name=plain_name(reader.read("name", _bare) or "") or None,
        phones=phones or (),
        whatsapp=reader.read("whatsapp", lambda text: _whatsapp(text, phones, region)) or (),
        language=reader.read("language", _language),
        nationality=reader.read("nationality", nationality),
        employee_number=reader.read("employee_number", _number) or None,
    )
    site = reader.read("site", workplaces.find)
    groups = reader.read("group", _groups) or ()
    if needs_number and not reader.problems and not (listing.addresses or listing.employee_number):
        reader.complain("phone", "is empty: write a phone, or an employee number to know this person by next time")
    if reader.problems:
        return None
    return Entry(
        rows=(reader.number,),
        listing=listing,
        site=site,
        groups=groups,
        is_without_whatsapp=reader.read("whatsapp", fold) in NO,
    )


# --- cells ----------------------------------------------------------------------------------------------------------


def _phones(text: str, region: str) -> tuple[str, ...]:
    whole = _bare(text)
    apart = [whole] if is_shortened(whole) else parts(whole)
    found = tuple(dict.fromkeys(persons_phone(part, region) for part in apart))
    if len(found) > MAX_PHONES:
        raise ValueError(f"has {len(found)} numbers: at most {MAX_PHONES} for one person")
    return found


def _whatsapp(text: str, phones: tuple[str, ...] | None, region: str) -> tuple[str, ...]:
    """The numbers on WhatsApp; `phones` is None where the row's own could not be read, which is told already."""
    word = fold(text)
    if not word or word in NO:
        return ()
    if word in SAME:
        if phones == ():
            raise ValueError(f"{text!r} needs a phone in the same row: write the WhatsApp number itself")
        return (phones or ())[:1]
    try:
        return _phones(text, region)
    except ValueError:
        raise ValueError(f"{text!r} must be same, no or a number such as +55 51 99999 0000") from None


def _language(text: str) -> str | None:
    return language(text) if text else None


def _number(text: str) -> str:
    if len(text) > MAX_NUMBER:
        raise ValueError(f"is longer than {MAX_NUMBER} characters: shorten it")
    return _bare(text)


def _groups(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in _bare(text).replace("؛", ";").split(";") if part.strip()))
    if len(found) > MAX_GROUPS or any(len(name) > MAX_GROUP for name in found):
        raise ValueError(f"names more than {MAX_GROUPS} groups, or one of more than {MAX_GROUP} characters")
    return found


def _bare(text: str) -> str:
    """Without the apostrophe by which a spreadsheet is told that a cell is text, as our own exports tell it."""
    return text[1:] if text.startswith("'") and text[1:2] and text[1] in "=+-@0123456789" else text


class _Workplaces:
    """Finds a site by its code or name, whatever the case and accents."""

    def __init__(self, sites: Sequence[Site], *, is_column: bool, has_default: bool = True) -> None:
        self._by_word = {fold(word): site.id for site in reversed(sites) for word in (site.name, site.code)}
        self._codes = ", ".join(site.code for site in sites) or "(the employer has none yet: add it first)"
        self._code_of = {site.id: site.code for site in sites}
        self._only = sites[0].id if len(sites) == 1 and has_default else None
        self._is_column = is_column

    def find(self, text: str) -> SiteId | None:
        if text:
            if fold(text) not in self._by_word:
                raise ValueError(f"{text!r} is no site of this employer: write one of {self._codes}")
            return self._by_word[fold(text)]
        if self._is_column and self._only is None:
            raise ValueError("is empty: write it in every row (of merged cells only the first one holds it)")
        return self._only

    def code(self, site: SiteId | None) -> str | None:
        return self._code_of.get(site) if site is not None else None


# --- the same person in several rows --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Gathering:
    """The people met so far, each once: found again by address or employee number."""

    workplaces: _Workplaces
    entries: list[Entry] = field(default_factory=list)
    _by_address: dict[Address, int] = field(default_factory=dict)
    _by_number: dict[str, int] = field(default_factory=dict)

    def take(self, entry: Entry, reader: CellReader) -> None:
        known = {self._by_address[address] for address in entry.listing.addresses if address in self._by_address}
        number = fold(entry.listing.employee_number or "")
        known |= {self._by_number[number]} if number in self._by_number else set()
        if len(known) > 1:
            rows = " and ".join(str(self.entries[at].rows[0]) for at in sorted(known))
            reader.complain("phone", f"rows {rows} have these numbers too, for different people: correct one of them")
        elif known:
            self._merge(known.pop(), entry, reader)
        else:
            self.entries.append(entry)
            self._remember(len(self.entries) - 1)

    def _merge(self, at: int, entry: Entry, reader: CellReader) -> None:
        before = self.entries[at]
        for column, said, was in self._told(entry, before):
            if said and was and fold(said) != fold(was):
                reader.complain(
                    column,
                    f"row {before.rows[0]} has the same phone or employee number with another {column} ({was!r}): "
                    "keep one row, or give each person a number of their own",
                )
                return
        merged = _merged(before, entry)
        for column, facts, most in _bounded(merged):
            if len(facts) > most:
                reader.complain(
                    column,
                    f"row {before.rows[0]} has the same phone or employee number: "
                    f"together they have {len(facts)} of these, and one person has {most} at most",
                )
                return
        self.entries[at] = merged
        self._remember(at)

    def _told(self, entry: Entry, before: Entry) -> list[tuple[str, str | None, str | None]]:
        """What may be told of a person only once: the column, and what both rows say."""
        names = ("name", "employee_number", "language", "nationality")
        facts = [(name, getattr(entry.listing, name), getattr(before.listing, name)) for name in names]
        return [*facts, ("site", self.workplaces.code(entry.site), self.workplaces.code(before.site))]

    def _remember(self, at: int) -> None:
        entry = self.entries[at]
        self._by_address.update(dict.fromkeys(entry.listing.addresses, at))
        if entry.listing.employee_number:
            self._by_number[fold(entry.listing.employee_number)] = at


def _bounded(entry: Entry) -> list[tuple[str, tuple[str, ...], int]]:
    """What a person has several of, and how many at most."""
    listing = entry.listing
    return [
        ("phone", listing.phones, MAX_PHONES),
        ("whatsapp", listing.whatsapp, MAX_PHONES),
        ("group", entry.groups, MAX_GROUPS),
    ]


def _merged(before: Entry, entry: Entry) -> Entry:
    first, second = before.listing, entry.listing
    return Entry(
        rows=before.rows + entry.rows,
        listing=replace(
            first,
            name=first.name or second.name,
            phones=tuple(dict.fromkeys(first.phones + second.phones)),
            whatsapp=tuple(dict.fromkeys(first.whatsapp + second.whatsapp)),
            language=first.language or second.language,
            nationality=first.nationality or second.nationality,
            employee_number=first.employee_number or second.employee_number,
        ),
        site=before.site or entry.site,
        groups=tuple(dict.fromkeys(before.groups + entry.groups)),
        is_without_whatsapp=before.is_without_whatsapp and not second.whatsapp,
    )
