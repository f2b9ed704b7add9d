"""Owns the page of preparedness: who can be reached, who cannot and why, what the plan lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.console.alert_words import CHANNELS
from bot.console.company import choice, company_of
from bot.console.render import page
from bot.console.visit import words
from bot.console.words import N_
from bot.services.ports import Store
from bot.services.preparedness import Barrier, Gap, PreparednessDesk

BARRIERS: Final = {
    Barrier.NO_ADDRESS: N_("No phone on your list"),
    Barrier.REFUSED: N_("Cannot be reached on this address"),
    Barrier.CHANNEL_OFF: N_("Their channel is off here"),
    Barrier.NEEDS_TEMPLATE: N_("WhatsApp only, and no approved template"),
}
ADVICE: Final = {
    Barrier.NO_ADDRESS: N_("Add a phone, or show them the site's poster."),
    Barrier.REFUSED: N_("They said STOP or block us. They can write START; show them the site's poster."),
    Barrier.CHANNEL_OFF: N_("Add another phone or channel, or ask the organisation to switch the channel on."),
    Barrier.NEEDS_TEMPLATE: N_("Add a phone for SMS, or ask the organisation for an approved template."),
}
GAPS: Final = {
    Gap.NO_SITES: N_("No site yet: add the places where your people work and live."),
    Gap.NO_ON_CALL: N_("Nobody on call: name who answers day and night."),
    Gap.NO_ASSEMBLY_POINT: N_("No assembly point: {site}"),
    Gap.NO_CONTACT_PHONE: N_("No phone answered at the site: {site}"),
    Gap.NO_LANGUAGE: N_("People without a language on your list: {people}"),
    Gap.NOT_OFFERED: N_("Nothing can be said in {language}: they would read another language ({people} people)"),
    Gap.NOT_REVIEWED: N_("No speaker has reviewed the texts in {language} ({people} people)"),
    Gap.NEVER_DRILLED: N_("No drill yet: send one to see who answers."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparednessPages:
    store: Store
    desk: PreparednessDesk

    async def show(self, request: web.Request) -> web.Response:
        if (chosen := await choice(request, self.store)) is not None:
            return chosen
        _ = words(request)
        company = await company_of(request, self.store)
        found = await self.desk.of(company.employer.id)
        if found is None:
            raise web.HTTPNotFound
        async with self.store.transaction() as unit:
            sites = {site.id: site.name for site in await unit.sites.of(company.employer.id)}
        lacks = [
            (
                lack,
                _(GAPS[lack.gap], site=lack.site.name if lack.site else "", people=lack.people,
                  language=_.tongue(lack.language) if lack.language else ""),
            )
            for lack in found.lacks
        ]  # fmt: skip
        return page(
            request,
            "preparedness/show.html",
            company=company,
            found=found,
            lacks=lacks,
            site_names=sites,
            channels=[(_(CHANNELS[channel]), count) for channel, count in sorted(found.by_channel.items())],
            barriers=[
                (barrier, _(BARRIERS[barrier]), _(ADVICE[barrier]), count) for barrier, count in found.barriers.items()
            ],
            languages=[
                (_.tongue(code) if code else _("Not on your list"), share) for code, share in found.by_language.items()
            ],
        )


def routes(*, store: Store, desk: PreparednessDesk) -> Sequence[web.RouteDef]:
    return [web.get("/preparedness", PreparednessPages(store=store, desk=desk).show)]
