"""Owns the services over their adapters: what answers, what sends, what staff work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import cast

import actions
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.domain.contact import Channel
from bot.engine import extract
from bot.engine.flow import Flow
from bot.engine.loader import load_flows
from bot.i18n import Catalogs, autonym
from bot.nlu.examples import read_examples
from bot.nlu.keywords import Keywords
from bot.nlu.language import LanguageGuesser
from bot.nlu.rasa import RasaClient, UnderstandingWithFallback
from bot.services.broadcasts import BroadcastDesk
from bot.services.cases import CaseDesk
from bot.services.checkins import CheckInDesk
from bot.services.conversation import Conversation
from bot.services.deliveries import Sender
from bot.services.documents import Documents
from bot.services.forecast import Way
from bot.services.listening import Listening, Locale
from bot.services.phrasing import Phrasing
from bot.services.places import PlaceDirectory
from bot.services.ports import ActionSpec, Bell, Channeller
from bot.services.ports import Throttle as ThrottlePort
from bot.services.privacy import Privacy
from bot.services.routing import Triggers
from bot.services.signals import Signals
from bot.services.turn import House
from bot.storage.store import SqlStore


def texts(settings: Settings) -> Catalogs:
    """The catalogs of the offered languages."""
    return Catalogs.load(settings.root / "locales", settings.languages)


def flows(settings: Settings) -> Mapping[str, Flow]:
    """The flows of this deployment; raises ConfigurationError with every problem."""
    return load_flows(settings.root / "flows")


def triggers_of(all_flows: Mapping[str, Flow]) -> Triggers:
    """What begins which flow."""
    return Triggers(
        by_intent={intent: flow.name for flow in all_flows.values() for intent in flow.triggers.intents},
        words={
            extract.fold(word): flow.name
            for flow in all_flows.values()
            for words in flow.triggers.words.values()
            for word in words
        },
        life=frozenset(flow.name for flow in all_flows.values() if flow.is_life),
    )


def given(settings: Settings) -> Mapping[str, str]:
    """The variables that every text may name."""
    return {
        "organisation": settings.organisation,
        "hotline": settings.hotline or settings.emergency_number,
        "emergency_number": settings.emergency_number,
    }


def locale_of(settings: Settings) -> Locale:
    return Locale(
        region=settings.region,
        currency=settings.currency,
        timezone=settings.timezone,
        languages={language: autonym(language) for language in settings.languages},
        default_language=settings.default_language,
        organisation=settings.organisation,
    )


def action_specs(settings: Settings) -> Mapping[str, ActionSpec]:
    """What flows may call, for those who only look at it: nothing behind it is open."""
    return Desks.over(cast(SqlStore, None), settings).actions(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The services that others are made of, over one store."""

    clock: SystemClock
    ids: RandomIds
    catalogs: Catalogs
    cases: CaseDesk
    documents: Documents
    privacy: Privacy
    places: PlaceDirectory
    check_ins: CheckInDesk

    @classmethod
    def over(cls, store: SqlStore, settings: Settings) -> "Desks":
        clock, ids, catalogs = SystemClock(), RandomIds(), texts(settings)
        return cls(
            clock=clock,
            ids=ids,
            catalogs=catalogs,
            cases=CaseDesk(ids=ids),
            documents=Documents(ids=ids, life=timedelta(days=settings.retention.documents)),
            privacy=Privacy(store=store, clock=clock, retention=settings.retention),
            places=PlaceDirectory(catalogs=catalogs, zone=settings.zone),
            check_ins=CheckInDesk(store=store, clock=clock, region=settings.region),
        )

    def actions(self, settings: Settings) -> Mapping[str, ActionSpec]:
        """Everything that a flow may call."""
        return actions.registry(
            cases=self.cases,
            places=self.places,
            privacy=self.privacy,
            check_ins=self.check_ins,
            catalogs=self.catalogs,
            retention=settings.retention,
            given=given(settings),
        )


@lru_cache(maxsize=1)
def learned(folder: Path, languages: tuple[str, ...]) -> tuple[Keywords, LanguageGuesser]:
    """What the training messages teach without Rasa; learned once in a process."""
    examples = list(read_examples(folder, languages))
    return Keywords.learn(examples), LanguageGuesser.learn(examples, languages)


def converse(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    bell: Bell,
    channels: Mapping[Channel, Channeller],
    rasa: RasaClient,
) -> Conversation:
    """The service that answers messages."""
    all_flows = flows(settings)
    extract.prepare(settings.languages)
    keywords, linguist = learned(settings.root / "nlu_data", settings.languages)
    return Conversation(
        store=store,
        bell=bell,
        clock=desks.clock,
        house=House(
            flows=all_flows,
            actions=desks.actions(settings),
            phrasing=Phrasing(catalogs=desks.catalogs, given=given(settings)),
            cases=desks.cases,
            ids=desks.ids,
            reply_life=timedelta(hours=settings.reply_life_hours),
        ),
        listening=Listening(
            store=store,
            clock=desks.clock,
            flows=all_flows,
            catalogs=desks.catalogs,
            channels=channels,
            understander=UnderstandingWithFallback(rasa=rasa, keywords=keywords),
            linguist=linguist,
            signals=Signals.load(settings.languages),
            documents=desks.documents,
            locale=locale_of(settings),
        ),
        channels=channels,
        documents=desks.documents,
        check_ins=desks.check_ins,
        triggers=triggers_of(all_flows),
        limits=settings.thresholds,
    )


def send_through(
    settings: Settings,
    desks: Desks,
    *,
    store: SqlStore,
    channels: Mapping[Channel, Channeller],
    throttle: ThrottlePort,
) -> Sender:
    """The service that sends what is due."""
    return Sender(
        store=store,
        channels=channels,
        throttle=throttle,
        clock=desks.clock,
        cases=desks.cases,
        whatsapp_template=settings.whatsapp_template,
    )


def broadcast_desk(settings: Settings, desks: Desks, *, store: SqlStore, ways: Mapping[Channel, Way]) -> BroadcastDesk:
    """The service by which staff warn and ask people."""
    return BroadcastDesk(
        store=store,
        clock=desks.clock,
        ids=desks.ids,
        catalogs=desks.catalogs,
        organisation=settings.organisation,
        ways=ways,
    )
