"""Owns the composition of the pages of cases and of what is printed from them."""

from collections.abc import Sequence

from aiohttp import web
from babel.languages import get_official_languages

from bot.app.desks import Desks, flows
from bot.app.outside import Outside
from bot.config import Settings
from bot.console import cases, missing, referrals, wages
from bot.console.case_words import FactWords
from bot.i18n import Catalogs
from bot.printing.referral import draw_referral
from bot.printing.wage_claim import draw_wage_claim
from bot.services.case_list import CaseList
from bot.services.casework import CaseWork
from bot.services.consenting import ConsentDesk
from bot.services.desk import Desk
from bot.services.missing import MissingDesk
from bot.services.referrals import ReferralDesk
from bot.services.wages import WageDesk


def case_pages(outside: Outside, desks: Desks, operators: Desk) -> list[web.RouteDef]:
    """Everything under /console/cases and /console/missing."""
    settings, store, clock = outside.settings, outside.store, desks.clock
    work = CaseWork(store=store, clock=clock, ids=desks.ids, desk=operators, targets=desks.cases.targets)
    facts, languages = FactWords.of(flows(settings).values()), paper_languages(settings)
    catalogs = Catalogs.load(settings.root / "locales", languages)
    wage_desk = WageDesk(
        work=work,
        catalogs=catalogs,
        zone=settings.zone,
        organisation=settings.organisation,
        currency=settings.currency,
    )
    referral_desk = ReferralDesk(work=work, catalogs=catalogs, zone=settings.zone, organisation=settings.organisation)
    return [
        *cases.routes(
            cases=CaseList(store=store, clock=clock),
            work=work,
            consents=ConsentDesk(work=work),
            clock=clock,
            facts=facts,
        ),
        *wages.routes(work=work, desk=wage_desk, printer=draw_wage_claim, hosts=languages),
        *referrals.routes(
            work=work, desk=referral_desk, facts=facts, printer=draw_referral, catalogs=catalogs, languages=languages
        ),
        *missing.routes(desk=MissingDesk(work=work, catalogs=desks.catalogs)),
    ]


def paper_languages(settings: Settings) -> Sequence[str]:
    """What papers can be written in: the host country's own languages that have texts, then those offered."""
    official = get_official_languages(settings.region, regional=False, de_facto=True)
    spoken = [one for one in official if (settings.root / "locales" / one / "LC_MESSAGES" / "bot.po").exists()]
    return tuple(dict.fromkeys([*spoken, *settings.languages]))
