"""Owns where people stop in a flow: at each step how many talks ended, wait or are put aside, counts only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.case import Compartment
from bot.domain.session import SessionStatus
from bot.engine.flow import Flow
from bot.services.access import Deed, Matter, Reader, Subject, may
from bot.services.disclosure import FEWEST
from bot.services.ports import Clock, Store

WINDOW = timedelta(days=30)
STATUSES = (SessionStatus.ENDED, SessionStatus.WAITING, SessionStatus.SUSPENDED)
_PROTECTED = Subject(matter=Matter.CASE, compartment=Compartment.PROTECTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One step's counts in the order of STATUSES; None is a count too small for this reader."""

    step: str
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFigures:
    store: Store
    clock: Clock

    async def stops(self, flow: Flow, reader: Reader) -> tuple[Stop, ...]:
        """The flow's steps at which talks of the last 30 days stand, in the flow's order, old steps last.

        A discreet flow is about what is kept from most: a count below 5 there would tell them of a person (R16).
        """
        counts = (await self._counts()).get(flow.name, Counter())
        is_whole = not flow.is_discreet or may(reader, Deed.READ, _PROTECTED)
        order = {step.id: place for place, step in enumerate(flow.steps)}
        steps = sorted({step for step, _ in counts}, key=lambda step: (order.get(step, len(order)), step))
        return tuple(
            Stop(
                step=step,
                counts=tuple(
                    count if is_whole or count == 0 or count >= FEWEST else None
                    for count in (counts.get((step, status), 0) for status in STATUSES)
                ),
            )
            for step in steps
        )

    async def _counts(self) -> Mapping[str, Counter[tuple[str, SessionStatus]]]:
        async with self.store.look() as unit:
            found = await unit.figures.standing(self.clock.now() - WINDOW)
        by_flow: dict[str, Counter[tuple[str, SessionStatus]]] = {}
        for one in found:
            by_flow.setdefault(one.flow, Counter())[one.step, one.status] += one.count
        return by_flow
