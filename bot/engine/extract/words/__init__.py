"""Owns the words that each language has for numbers, money, time, people and nations: one file a language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

LANGUAGES = ("en", "es", "ne", "ar")  # a new language: a file named after its code beside this one, and its code here


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's words. Each table maps a meaning to its phrases, separated by commas, in every script people use.

    Accents, case and letter variants need no listing (see `folding`). A phrase may be several words.
    """

    numbers: Mapping[str, str]  # value in digits -> words, nothing that multiplies
    scales: Mapping[int, str]  # hundred, thousand, lakh, million: multiply what stands before them
    doubtful_numbers: str = ""  # number words that mostly mean something else: counted only beside a unit
    conjunctions: str  # what joins the parts of a number ("two hundred and five")
    halves: str
    articles: str = ""  # count as one before a unit ("for a month")
    lasting: str = ""  # before an article, make it a length of time and not a rate ("for a month", not "once a month")
    range_words: str  # between two figures ("3 to 4")
    units: Mapping[tuple[int, str], str]  # (count, unit): (1, "month") is "month", (2, "week") is "fortnight"
    duals: Mapping[tuple[int, str], str] = field(default_factory=dict)  # words that hold their own count, as in Arabic
    singulars: str = ""  # units that mean one of it after "since" or an article
    pay: str = ""  # a salary: a month where a number stands before it ("3 salaries")
    since: str  # before a month, a year or a period
    since_after: str = ""  # the same as a postposition
    ago: str
    months: Mapping[int, str] = field(default_factory=dict)  # beyond CLDR's names
    other_months: Mapping[int, str] = field(
        default_factory=dict
    )  # another calendar's, by the month in which they begin
    doubtful_months: str = ""  # need `since` before them or another month beside them ("may")
    weekdays: Mapping[int, str] = field(default_factory=dict)  # Monday is 0; beyond CLDR's names
    days: Mapping[int, str]  # distance from today
    year_cues: str  # before a figure that is a year
    people: str
    people_counted: Mapping[int, str] = field(
        default_factory=dict
    )  # phrases that hold their own count; 1 only as an answer
    we: str  # before a count of people without a noun ("we are 5")
    after_people: str = ""  # may follow such a count ("we are 5 here", not "we are 5 km away")
    besides_me: str  # before a count that leaves the writer out ("me and 3 friends")
    currencies: Mapping[str, str]  # "SAR QAR" (most likely first, all that share the word) -> words
    countries: Mapping[str, str]  # ISO 3166-1 alpha-2 -> demonyms and short forms; "" -> phrases that are no country
    languages: Mapping[str, str]  # language code -> usual names beyond CLDR's
    negations: str
    negations_after: str = ""  # those that follow what they deny
    kin: str  # people named without a number ("my wife"): a count beside them leaves somebody out
    number_marks: str  # before or after a chosen number ("option 2", "2 please")
    ordinals: Mapping[int, str]
    prefixes: str = ""  # written onto the next word
    suffixes: str = ""  # written onto the word before


def words_of(language: str) -> Words:
    """The words of one of LANGUAGES."""
    module = import_module(f"{__name__}.{language}")
    words = module.WORDS
    if not isinstance(words, Words):
        raise TypeError(f"{module.__name__}.WORDS must be Words")
    return words
