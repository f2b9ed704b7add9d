"""Owns the composition of duty: who is here, what becomes of who waits too long, and who outside is told."""

from collections.abc import Sequence
from functools import partial

from bot.app.desks import Desks
from bot.app.outside import Outside
from bot.config import Settings
from bot.i18n import Catalogs
from bot.notifying.mail import Mail, Server
from bot.notifying.webhook import Webhook
from bot.queue.beat import Beat
from bot.services.alarms import AlarmDesk, Notifier, unheard
from bot.services.assigning import Assigning
from bot.services.desk import Desk
from bot.services.duty import DutyDesk
from bot.services.escalation import Escalation
from bot.storage import ledger
from bot.storage.store import SqlStore
from bot.worker import Duty


def duty_desk(settings: Settings, desks: Desks, *, store: SqlStore, operators: Desk) -> DutyDesk:
    """The service by which staff come and go."""
    return DutyDesk(store=store, clock=desks.clock, ids=desks.ids, desk=operators, assigning=Assigning(settings.assign))


def desk_ticks(outside: Outside, desks: Desks, duty: DutyDesk) -> Sequence[Duty]:
    """What a worker does for the operators' desk again and again, each apart: a mail server may take its time."""
    settings, store = outside.settings, outside.store
    escalation = Escalation(store=store, clock=desks.clock, ids=desks.ids)
    erased = ledger.Ledger(store=store, path=settings.home / ledger.NAME)

    async def keep_duty() -> None:
        await duty.sweep()
        await duty.assign_waiting()
        await escalation.escalate_due()

    return keep_duty, alarm_desk(outside, desks).send_due, erased.keep, Beat(outside.redis).tell


def alarm_desk(outside: Outside, desks: Desks) -> AlarmDesk:
    """The service that tells people outside, in the language of this deployment."""
    settings = outside.settings
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    return AlarmDesk(
        store=outside.store,
        clock=desks.clock,
        notifiers=_notifiers(outside),
        write=partial(_write, desks.catalogs, settings.default_language),
        console_url=f"{here}/console/desk",
    )


def _write(catalogs: Catalogs, language: str, text: str, **variables: object) -> str:
    return catalogs.text(text, language, domain="console", isolate=False, **variables)


def unheard_alarms(settings: Settings) -> Sequence[str]:
    """Who outside hears of no critical case, as sentences."""
    by_mail = bool(settings.smtp_url.get_secret_value())
    return unheard(
        is_told=(by_mail and bool(settings.alarm_to)) or bool(settings.alarm_webhook.get_secret_value()),
        is_specialist_told=(by_mail and bool(settings.alarm_specialists_to))
        or bool(settings.alarm_specialists_webhook.get_secret_value()),
    )


def _notifiers(outside: Outside) -> Sequence[Notifier]:
    """The ways out that are configured."""
    settings, ways = outside.settings, list[Notifier]()
    if (server := settings.smtp_url.get_secret_value()) != "":
        ways.append(
            Mail(
                server=Server.parse(server),
                sender=settings.alarm_from,
                to=settings.alarm_to,
                specialists=settings.alarm_specialists_to,
                organisation=settings.organisation,
            )
        )
    general, special = (one.get_secret_value() for one in (settings.alarm_webhook, settings.alarm_specialists_webhook))
    if general or special:
        ways.append(
            Webhook(
                session=outside.session,
                url=general,
                specialists_url=special,
                secret=settings.alarm_secret.get_secret_value(),
            )
        )
    return ways
